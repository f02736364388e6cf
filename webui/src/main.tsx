/** Composition root: builds the objects, opens the session, draws the page that fits. */
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/pages.css";
import { render } from "preact";
import { Api } from "./api/client";
import { inTurn } from "./api/turn";
import type { Setup } from "./api/types";
import { AppContext, type App } from "./app";
import { Root } from "./pages/root";
import { Router } from "./router";
import { Store } from "./store/store";
import { Theme } from "./ui/theme";
import { Toasts } from "./ui/toast";

/** That a session was opened in this browser, no more: without it the first load asks for no refresh. */
const HINT = "warden-signed-in";

function build(): App {
  const turn = inTurn({
    locks: navigator.locks,
    storage: window.localStorage,
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    now: Date.now,
    random: Math.random,
  });
  const api = new Api((url, init) => window.fetch(url, init), turn);
  return {
    api,
    router: new Router(window),
    store: new Store(api),
    toasts: new Toasts(),
    theme: new Theme(document.documentElement, window.localStorage),
  };
}

/** Claimed? Signed in? Otherwise which page leads there. */
async function enter({ api, store }: App): Promise<void> {
  const setup = await api.get<Setup>("/api/setup");
  store.office.value = setup.name;
  store.version.value = setup.version;
  if (!setup.claimed) {
    store.gate.value = { at: "claim" };
    return;
  }
  const user = window.localStorage.getItem(HINT) === null ? null : await api.refresh();
  store.gate.value = user ? { at: "in", user } : { at: "sign-in", why: "" };
}

async function start(app: App): Promise<void> {
  try {
    await enter(app);
  } catch {
    app.store.gate.value = { at: "unreachable" };
    setTimeout(() => void start(app), 2000);
  }
}

function run(): void {
  const app = build();
  const { api, store } = app;
  api.onExpired = () => {
    store.gate.value = { at: "sign-in", why: "Your session has ended. Please sign in again." };
  };
  store.gate.subscribe((gate) => {
    if (gate.at === "in") {
      window.localStorage.setItem(HINT, "yes");
      store.live.start();
      return;
    }
    if (gate.at === "sign-in") window.localStorage.removeItem(HINT);
    store.forget();
  });
  setInterval(() => {
    if (!document.hidden) store.tick();
  }, 1000);
  window.addEventListener("online", () => store.live.hurry());
  document.addEventListener("visibilitychange", () => {
    store.tick();
    if (!document.hidden) store.live.hurry();
  });
  const host = document.getElementById("app");
  if (!host) return;
  host.replaceChildren();
  render(
    <AppContext.Provider value={app}>
      <Root />
    </AppContext.Provider>,
    host,
  );
  void start(app);
}

run();
