/** The one way to the API: bearer token in memory, refreshed by cookie, every failure a `Problem`. */
import { Problem } from "./problem";
import type { InTurn } from "./turn";
import type { Session, User } from "./types";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How many seconds before its end a token is exchanged. */
const EARLY = 60;
const TIMEOUT_MS = 20_000;

export class Api {
  #token = "";
  #refreshing: Promise<User | null> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #fetch: Fetch;
  readonly #inTurn: InTurn;
  /** Seconds that the server's clock is ahead of ours; 0 while the difference is too small to tell. */
  ahead = 0;
  /** Told once when a session that worked can no longer be refreshed. */
  onExpired: () => void = () => undefined;

  constructor(fetcher: Fetch, turn: InTurn) {
    this.#fetch = fetcher;
    this.#inTurn = turn;
  }

  get signedIn(): boolean {
    return this.#token !== "";
  }

  get<Body>(path: string): Promise<Body> {
    return this.#call("GET", path, undefined);
  }

  send<Body>(method: "POST" | "PATCH" | "DELETE", path: string, body: object = {}): Promise<Body> {
    return this.#call(method, path, method === "DELETE" ? undefined : body);
  }

  /** POST that opens a session: sign-in or claim. */
  async open(path: string, body: object): Promise<User> {
    const session = await this.#json<Session>(await this.#request("POST", path, body));
    return this.#keep(session);
  }

  async signOut(): Promise<void> {
    try {
      await this.#request("POST", "/api/auth/sign-out", {});
    } finally {
      this.#forget();
    }
  }

  /** Exchanges the refresh cookie; null when there is no session (any more).  Callers at the same time share one. */
  refresh(): Promise<User | null> {
    this.#refreshing ??= this.#exchange().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** The raw response of a stream, signed in; the caller reads its body. */
  async stream(path: string, signal: AbortSignal): Promise<Response> {
    const ask = (): Promise<Response> =>
      this.#fetch(path, { headers: this.#headers({ Accept: "text/event-stream" }), signal, cache: "no-store" });
    let response = await ask();
    if (response.status === 401 && (await this.refresh())) response = await ask();
    if (response.status === 401) this.#expire();
    if (!response.ok) throw await Problem.from(response);
    this.#readClock(response);
    return response;
  }

  /** A file to be saved. */
  async file(path: string): Promise<Blob> {
    const response = await this.#signed("GET", path, undefined);
    if (!response.ok) throw await Problem.from(response);
    return response.blob();
  }

  async #call<Body>(method: string, path: string, body: object | undefined): Promise<Body> {
    return this.#json<Body>(await this.#signed(method, path, body));
  }

  async #signed(method: string, path: string, body: object | undefined): Promise<Response> {
    let response = await this.#request(method, path, body);
    if (response.status === 401 && this.signedIn) {
      if (await this.refresh()) response = await this.#request(method, path, body);
      else this.#expire();
    }
    return response;
  }

  async #exchange(): Promise<User | null> {
    // Reloaded meanwhile, the page must not lose the answer: the cookie in it is the only one that still counts.
    const response = await this.#inTurn(() => this.#request("POST", "/api/auth/refresh", {}, { keepalive: true }));
    if (response.status === 401 || response.status === 403) return null;
    return this.#keep(await this.#json<Session>(response));
  }

  async #request(method: string, path: string, body: object | undefined, more: RequestInit = {}): Promise<Response> {
    const headers = this.#headers({ Accept: "application/json" });
    if (body) headers["Content-Type"] = "application/json";
    try {
      const response = await this.#fetch(path, {
        method,
        headers,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        cache: "no-store",
        ...more,
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      this.#readClock(response);
      return response;
    } catch {
      throw Problem.unreachable();
    }
  }

  async #json<Body>(response: Response): Promise<Body> {
    if (!response.ok) throw await Problem.from(response);
    const text = await response.text();
    return (text ? JSON.parse(text) : null) as Body;
  }

  #headers(more: Record<string, string>): Record<string, string> {
    return this.#token ? { Authorization: `Bearer ${this.#token}`, ...more } : more;
  }

  #keep(session: Session): User {
    this.#token = session.access_token;
    clearTimeout(this.#timer);
    const seconds = Math.max(session.expires_in - EARLY, session.expires_in / 2);
    this.#timer = setTimeout(() => void this.#renew(), seconds * 1000);
    return session.user;
  }

  async #renew(): Promise<void> {
    // An unreachable server is no reason to sign out: the next request tries again.
    const user = await this.refresh().catch(() => undefined);
    if (user === null) this.#expire();
  }

  #expire(): void {
    if (!this.signedIn) return;
    this.#forget();
    this.onExpired();
  }

  #forget(): void {
    this.#token = "";
    clearTimeout(this.#timer);
  }

  #readClock(response: Response): void {
    const date = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(date)) return;
    const ahead = (date - Date.now()) / 1000;
    this.ahead = Math.abs(ahead) > 3 ? ahead : 0;
  }
}
