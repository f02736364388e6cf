/** How the console is built: one script, one style sheet, nothing inlined, so that a strict content policy holds. */
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

/** `npm run dev` against a phone system elsewhere: WARDEN_API=http://host:port */
const server = loadEnv("development", ".", "WARDEN_").WARDEN_API ?? "http://127.0.0.1:9000";

export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  server: { proxy: { "/api": { target: server, changeOrigin: true } } },
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node", testTimeout: 5000 },
});
