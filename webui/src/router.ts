/** Addresses of the console's pages, and moving between them without a reload. */
import { signal } from "@preact/signals";

export type PageName = "extensions" | "phones" | "calls" | "records" | "trunks" | "security" | "health";

export type Route =
  | { page: PageName; query: URLSearchParams }
  | { page: "record" | "call"; id: string }
  | { page: "missing" };

const PAGES: readonly PageName[] = ["extensions", "phones", "calls", "records", "trunks", "security", "health"];

export function parseRoute(path: string, search = ""): Route {
  const [first = "", second, ...more] = path.split("/").filter(Boolean);
  const query = new URLSearchParams(search);
  if (first === "") return { page: "extensions", query };
  if (more.length > 0) return { page: "missing" };
  if (first === "calls" && second !== undefined) return { page: "call", id: decode(second) };
  if (first === "records" && second !== undefined) return { page: "record", id: decode(second) };
  const page = PAGES.find((name) => name === first);
  return page && second === undefined ? { page, query } : { page: "missing" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export class Router {
  readonly #window: Window;
  readonly route;

  constructor(owner: Window) {
    this.#window = owner;
    this.route = signal(this.#read());
    owner.addEventListener("popstate", () => this.#update());
    owner.document.addEventListener("click", (event) => this.#click(event));
  }

  /** `replace` leaves no step in the history: for filters, and for moving on from a page that is no more. */
  go(path: string, replace = false): void {
    const { pathname, search } = this.#window.location;
    if (path === pathname + search) return;
    this.#window.history[replace ? "replaceState" : "pushState"](null, "", path);
    this.#update();
    if (!replace) this.#window.scrollTo(0, 0);
  }

  #read(): Route {
    return parseRoute(this.#window.location.pathname, this.#window.location.search);
  }

  #update(): void {
    this.route.value = this.#read();
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (!link || link.target || link.origin !== this.#window.location.origin || link.hash) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}
