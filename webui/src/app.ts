/** The objects that every page may use; `main.tsx` makes them once. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Api } from "./api/client";
import type { Router } from "./router";
import type { Store } from "./store/store";
import type { Toasts } from "./ui/toast";
import type { Theme } from "./ui/theme";

export interface App {
  api: Api;
  router: Router;
  store: Store;
  toasts: Toasts;
  theme: Theme;
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("useApp outside of AppContext");
  return app;
}
