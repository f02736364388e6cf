/** The frame around the pages: navigation at the side, or at the bottom of a small screen, and the state of the line. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { User } from "../api/types";
import { useApp } from "../app";
import type { PageName } from "../router";
import { severity, worstOf } from "../store/store";
import { Icon, Mark, type IconName } from "./icons";
import { Notice } from "./parts";
import type { ThemeName } from "./theme";
import { ToastArea } from "./toast";

const PAGES: readonly { page: PageName; title: string; icon: IconName }[] = [
  { page: "extensions", title: "Extensions", icon: "extensions" },
  { page: "phones", title: "Phones", icon: "phones" },
  { page: "calls", title: "Calls", icon: "calls" },
  { page: "records", title: "Records", icon: "records" },
  { page: "trunks", title: "Trunks", icon: "trunks" },
  { page: "security", title: "Security", icon: "security" },
  { page: "health", title: "Health", icon: "health" },
];

export function Shell({ user, children }: { user: User; children: ComponentChildren }): JSX.Element {
  return (
    <div class="shell">
      <a class="skip" href="#main">Skip to the page</a>
      <aside class="side">
        <Brand />
        <Navigation />
        <div class="side-foot">
          <LiveBadge />
          <div class="side-tools">
            <ThemeButton />
            <SignOut user={user} />
          </div>
        </div>
      </aside>
      <main id="main" class="main" tabIndex={-1}>
        <Stale />
        {children}
      </main>
      <ToastArea />
    </div>
  );
}

function Brand(): JSX.Element {
  const { store } = useApp();
  return (
    <div class="brand">
      <Mark />
      <div class="brand-words">
        <span class="brand-name">Warden</span>
        <span class="brand-office">{store.office.value}</span>
      </div>
    </div>
  );
}

function Navigation(): JSX.Element {
  const { router } = useApp();
  const route = router.route.value;
  const current = { record: "records", call: "calls" }[route.page as string] ?? route.page;
  return (
    <nav class="nav" aria-label="Pages">
      {PAGES.map(({ page, title, icon }) => (
        <a key={page} href={`/${page}`} class="nav-link" aria-current={page === current ? "page" : undefined} data-testid={`nav-${page}`}>
          <Icon name={icon} size={22} />
          <span class="nav-title">{title}</span>
          <Badge page={page} />
        </a>
      ))}
    </nav>
  );
}

function Badge({ page }: { page: PageName }): JSX.Element | null {
  const { store } = useApp();
  if (page === "health") {
    const checks = store.health.value.value?.checks ?? [];
    const worst = worstOf(checks);
    if (worst === "ok") return null;
    const amount = checks.filter((check) => severity(check.status) !== "ok").length;
    return <span class={`badge badge-${worst}`} aria-label={`${amount} to look at`}>{amount}</span>;
  }
  const amounts: Partial<Record<PageName, number | undefined>> = {
    extensions: store.extensions.value.value?.length,
    phones: store.phones.value.value?.length,
    calls: store.calls.value.value?.length,
  };
  const amount = amounts[page];
  if (!amount) return null;
  return <span class={page === "calls" ? "badge badge-live" : "badge"}>{amount}</span>;
}

function LiveBadge(): JSX.Element {
  const { store } = useApp();
  const state = store.live.state.value;
  const words = state === "live" ? "Live" : state === "reconnecting" ? "Reconnecting …" : "Connecting …";
  const help = state === "live" ? "Changes show at once" : "The line to the phone system is being opened; what you see may be old";
  return (
    <span class={`live live-${state}`} role="status" title={help} data-testid="live" data-state={state}>
      <span class="dot" aria-hidden="true" />
      {words}
    </span>
  );
}

/** Shorter breaks are not worth a word. */
const PATIENCE_MS = 2000;

/** Says that what the page shows may be old. */
function Stale(): JSX.Element | null {
  const { store } = useApp();
  const [long, setLong] = useState(false);
  const broken = store.live.state.value === "reconnecting";
  useEffect(() => {
    if (!broken) return;
    const timer = setTimeout(() => setLong(true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [broken]);
  if (!broken || !long) return null;
  return (
    <Notice tone="warn" testid="stale">
      <p>The phone system does not answer at the moment, so this page may be out of date. It goes on by itself.</p>
    </Notice>
  );
}

const THEMES: Readonly<Record<ThemeName, readonly [words: string, icon: IconName]>> = {
  auto: ["as the system", "auto"],
  light: ["light", "sun"],
  dark: ["dark", "moon"],
};

export function ThemeButton(): JSX.Element {
  const { theme } = useApp();
  const [words, icon] = THEMES[theme.name.value];
  const label = `Colours: ${words}. Change`;
  return (
    <button type="button" class="tool" aria-label={label} title={label} data-testid="theme" onClick={() => theme.next()}>
      <Icon name={icon} />
    </button>
  );
}

function SignOut({ user }: { user: User }): JSX.Element {
  const { api, router, store, toasts } = useApp();
  const leave = async (): Promise<void> => {
    try {
      await api.signOut();
    } catch {
      toasts.fail("The phone system could not be told. Close the browser to be sure.");
    }
    store.gate.value = { at: "sign-in", why: "" };
    router.go("/extensions", true);
  };
  const label = `Sign out ${user.username}`;
  return (
    <button type="button" class="tool" aria-label={label} title={label} data-testid="sign-out" onClick={() => void leave()}>
      <Icon name="leave" />
      <span class="tool-words">{user.username}</span>
    </button>
  );
}
