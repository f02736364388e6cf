import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api } from "../src/api/client";
import type { Problem } from "../src/api/problem";

/** A little server: it accepts the token it gave last, and has a cookie that is good for `refreshes` more sessions. */
class Server {
  asked: string[] = [];
  token = "t0";
  refreshes = 0;
  /** What was asked in a way that outlives the page. */
  lasting: string[] = [];

  reachable = true;

  answer = (url: string, init: RequestInit): Promise<Response> => {
    if (!this.reachable) return Promise.reject(new TypeError("network"));
    if (init.keepalive) this.lasting.push(url);
    this.asked.push(`${init.method ?? "GET"} ${url}`);
    return Promise.resolve(this.#answer(url, new Headers(init.headers)));
  };

  #answer(url: string, headers: Headers): Response {
    if (url === "/api/auth/sign-in") return this.#session();
    if (url === "/api/auth/refresh") return this.refreshes-- > 0 ? this.#session() : new Response(null, { status: 401 });
    if (headers.get("authorization") !== `Bearer ${this.token}`) return new Response(null, { status: 401 });
    return Response.json({ items: [] });
  }

  #session(): Response {
    this.token += "+";
    return Response.json({ access_token: this.token, expires_in: 600, user: { username: "admin", role: "admin" } });
  }
}

describe("Api", () => {
  let server: Server;
  let api: Api;

  beforeEach(async () => {
    vi.useFakeTimers();
    server = new Server();
    api = new Api(server.answer, (work) => work());
    await api.open("/api/auth/sign-in", {});
    server.asked = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("carries the token", async () => {
    await expect(api.get("/api/calls")).resolves.toEqual({ items: [] });
    expect(server.asked).toEqual(["GET /api/calls"]);
  });

  it("renews a token that is refused, once for all who ask, and asks again", async () => {
    server.token = "another";
    server.refreshes = 1;
    await Promise.all([api.get("/api/calls"), api.get("/api/phones")]);
    expect(server.asked.filter((line) => line.includes("refresh"))).toHaveLength(1);
    expect(api.signedIn).toBe(true);
  });

  it("renews in a request that outlives the page, for a reload must not lose the new cookie", async () => {
    server.refreshes = 1;
    await api.refresh();
    expect(server.lasting).toEqual(["/api/auth/refresh"]);
  });

  it("says once that the session is over", async () => {
    const expired = vi.fn();
    api.onExpired = expired;
    server.token = "another";
    const results = await Promise.allSettled([api.get("/api/calls"), api.get("/api/phones")]);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    expect(expired).toHaveBeenCalledOnce();
    expect(api.signedIn).toBe(false);
  });

  it("renews a minute before the end", async () => {
    server.refreshes = 1;
    await vi.advanceTimersByTimeAsync(539_000);
    expect(server.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.asked).toEqual(["POST /api/auth/refresh"]);
  });

  it("stays signed in while the server cannot be reached", async () => {
    server.reachable = false;
    await expect(api.get("/api/calls")).rejects.toMatchObject({ status: 0 } satisfies Partial<Problem>);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(api.signedIn).toBe(true);
  });

  it("forgets the token on sign-out even when nobody hears it", async () => {
    await api.signOut();
    expect(api.signedIn).toBe(false);
    await expect(api.get("/api/calls")).rejects.toMatchObject({ status: 401 });
  });
});
