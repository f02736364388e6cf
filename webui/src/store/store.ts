/** Everything the pages show, in one place: filled by REST, kept fresh by the live line. */
import { computed, signal, type Signal } from "@preact/signals";
import type { Api } from "../api/client";
import { Problem } from "../api/problem";
import type { ServerEvent } from "../api/sse";
import type { Ban, Call, Check, Extension, Health, Page, Phone, PhoneAccount, Refused, Site, Trace, Trouble, Trunk, User } from "../api/types";
import { Live } from "./live";
import { byNumber, callIn, sortPhones, withCall } from "./reduce";

/** A list or document on its way: `value` null = not here yet. */
export interface Loaded<Value> {
  value: Value | null;
  problem: Problem | null;
}

export interface Security {
  /** `until` is seconds since 1970. */
  bans: (Ban & { until: number })[];
  refused: Refused;
}

export type Gate = { at: "starting" } | { at: "unreachable" } | { at: "claim" } | { at: "sign-in"; why: string } | { at: "in"; user: User };

export interface TroubleSeen extends Trouble {
  at: number;
}

const TROUBLES = 20;

function empty<Value>(): Signal<Loaded<Value>> {
  return signal<Loaded<Value>>({ value: null, problem: null });
}

export class Store {
  readonly gate = signal<Gate>({ at: "starting" });
  readonly office = signal("");
  readonly version = signal("");
  readonly site = empty<Site>();
  readonly extensions = empty<Extension[]>();
  readonly phones = empty<Phone[]>();
  readonly calls = empty<Call[]>();
  readonly health = empty<Health>();
  readonly security = empty<Security>();
  readonly trunks = empty<Trunk[]>();
  readonly troubles = signal<readonly TroubleSeen[]>([]);
  /** The call that ended last: the records page takes it in. */
  readonly ended = signal<Call | null>(null);
  /** Seconds since 1970 by the server's clock, told every second. */
  readonly now = signal(Date.now() / 1000);
  readonly phonesByNumber = computed(() => Map.groupBy(this.phones.value.value ?? [], (phone) => phone.extension));
  readonly live: Live;
  readonly #api: Api;
  #phonesTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Api) {
    this.#api = api;
    this.live = new Live(api, { connected: () => this.reload(), received: (event) => this.receive(event) });
  }

  tick(): void {
    this.now.value = Date.now() / 1000 + this.#api.ahead;
  }

  /** Everything that the navigation and the first pages show. */
  async reload(): Promise<void> {
    await Promise.all([this.loadSite(), this.loadExtensions(), this.loadPhones(), this.loadCalls(), this.loadHealth()]);
  }

  loadSite = (): Promise<void> => this.#load(this.site, () => this.#api.get<Site>("/api/site"), (site) => {
    this.office.value = site.name;
    return site;
  });

  loadExtensions = (): Promise<void> =>
    this.#load(this.extensions, () => this.#api.get<Page<Extension>>("/api/extensions"), (page) =>
      [...page.items].sort((a, b) => byNumber(a.number, b.number)));

  loadPhones = (): Promise<void> =>
    this.#load(this.phones, () => this.#api.get<Page<Phone>>("/api/phones"), (page) => sortPhones(page.items));

  loadCalls = (): Promise<void> =>
    this.#load(this.calls, () => this.#api.get<Page<Call>>("/api/calls"), (page) => page.items.reduce(withCall, []));

  loadHealth = (): Promise<void> =>
    this.#load(this.health, () => this.#api.get<Health>("/api/health"), (health) => health);

  loadTrunks = (): Promise<void> =>
    this.#load(this.trunks, () => this.#api.get<Page<Trunk>>("/api/trunks"), (page) => page.items);

  loadSecurity = (): Promise<void> =>
    this.#load(
      this.security,
      () => Promise.all([this.#api.get<Page<Ban>>("/api/security/bans"), this.#api.get<Refused>("/api/security/refusals")]),
      ([bans, refused]) => ({ bans: bans.items.map((ban) => ({ ...ban, until: this.now.peek() + ban.seconds })), refused }),
    );

  receive(event: ServerEvent): void {
    const [area, what] = event.event.split(".");
    if (area === "call") this.#receiveCall(what === "ended", parse(event.data));
    else if (area === "phone") this.#phonesSoon();
    else if (area === "trunk") void this.loadTrunks();
    else if (area === "directory") void Promise.all([this.loadExtensions(), this.loadSite()]);
    else if (area === "trouble") this.#receiveTrouble(parse(event.data));
  }

  async createExtension(number: string, name: string): Promise<PhoneAccount> {
    const made = await this.#api.send<{ phone: PhoneAccount }>("POST", "/api/extensions", { number, name });
    await this.loadExtensions();
    return made.phone;
  }

  async renameExtension(number: string, name: string): Promise<void> {
    await this.#api.send("PATCH", extensionPath(number), { name });
    await this.loadExtensions();
  }

  /** Gives the revision, which `undo` takes. */
  async deleteExtension(number: string): Promise<number> {
    const { revision } = await this.#api.send<{ revision: number }>("DELETE", extensionPath(number));
    await this.loadExtensions();
    return revision;
  }

  async undo(revision: number): Promise<void> {
    await this.#api.send("POST", `/api/revisions/${revision}/undo`);
    await this.loadExtensions();
  }

  async newPassword(number: string): Promise<PhoneAccount> {
    const made = await this.#api.send<{ phone: PhoneAccount }>("POST", `${extensionPath(number)}/password`);
    return made.phone;
  }

  async hangUp(call: string): Promise<void> {
    try {
      await this.#api.send("DELETE", `/api/calls/${encodeURIComponent(call)}`);
    } catch (error) {
      // It ended by itself meanwhile: what was wanted is so.
      if (!(error instanceof Problem && error.status === 404)) throw error;
      await this.loadCalls();
    }
  }

  async liftBan({ address, account }: Ban): Promise<void> {
    try {
      await this.#api.send("DELETE", `/api/security/bans?${new URLSearchParams({ address, account }).toString()}`);
    } catch (error) {
      // It is over already: what was wanted is so.
      if (!(error instanceof Problem && error.status === 404)) throw error;
    }
    await this.loadSecurity();
  }

  records(query: string): Promise<Page<Call>> {
    return this.#api.get(`/api/records${query}`);
  }

  trace(call: string): Promise<Trace> {
    return this.#api.get(`/api/calls/${encodeURIComponent(call)}/trace`);
  }

  traceFile(call: string, kind: "txt" | "pcap"): Promise<Blob> {
    return this.#api.file(`/api/calls/${encodeURIComponent(call)}/trace.${kind}`);
  }

  record(call: string): Promise<Call> {
    return this.#api.get(`/api/records/${encodeURIComponent(call)}`);
  }

  /** Signed out: nothing of the office stays in memory. */
  forget(): void {
    this.live.stop();
    for (const part of [this.site, this.extensions, this.phones, this.calls, this.health, this.security, this.trunks]) part.value = { value: null, problem: null };
    this.troubles.value = [];
    this.ended.value = null;
  }

  worst(): "ok" | "warning" | "failed" {
    return worstOf(this.health.value.value?.checks ?? []);
  }

  #receiveCall(ended: boolean, data: unknown): void {
    const call = callIn(data);
    if (!call) return;
    this.calls.value = { value: withCall(this.calls.value.value ?? [], call), problem: null };
    if (ended) this.ended.value = call;
  }

  #receiveTrouble(data: unknown): void {
    const trouble = data as Trouble;
    this.troubles.value = [{ ...trouble, at: this.now.value }, ...this.troubles.value].slice(0, TROUBLES);
    void this.loadHealth();
  }

  /** A hundred phones that register at once are one look at the list. */
  #phonesSoon(): void {
    if (this.#phonesTimer !== undefined) return;
    this.#phonesTimer = setTimeout(() => {
      this.#phonesTimer = undefined;
      void this.loadPhones();
    }, 300);
  }

  async #load<Body, Value>(into: Signal<Loaded<Value>>, fetch: () => Promise<Body>, shape: (body: Body) => Value): Promise<void> {
    try {
      into.value = { value: shape(await fetch()), problem: null };
    } catch (error) {
      into.value = { value: into.value.value, problem: Problem.of(error) };
    }
  }
}

const FAILED = new Set(["failed", "fail", "error", "critical", "down"]);

/** `ok`, `warning` or `failed`, whatever a check's own spelling is. */
export function severity(status: string): "ok" | "warning" | "failed" {
  if (status === "ok" || status === "pass") return "ok";
  return FAILED.has(status) ? "failed" : "warning";
}

export function worstOf(checks: readonly Check[]): "ok" | "warning" | "failed" {
  const seen = new Set(checks.map((check) => severity(check.status)));
  if (seen.has("failed")) return "failed";
  return seen.has("warning") ? "warning" : "ok";
}

function extensionPath(number: string): string {
  return `/api/extensions/${encodeURIComponent(number)}`;
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return null;
  }
}
