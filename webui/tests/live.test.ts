import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Api } from "../src/api/client";
import { Problem } from "../src/api/problem";
import { Live } from "../src/store/live";

/** An event stream that the test writes to and breaks. */
class Line {
  writer!: ReadableStreamDefaultController<Uint8Array>;
  readonly response: Response;

  constructor(signal: AbortSignal) {
    this.response = new Response(new ReadableStream<Uint8Array>({
      start: (writer) => {
        this.writer = writer;
        signal.addEventListener("abort", () => writer.error(new DOMException("aborted", "AbortError")));
      },
    }));
  }

  say(text: string): void {
    this.writer.enqueue(new TextEncoder().encode(text));
  }
}

describe("Live", () => {
  let lines: Line[];
  let refuse: Problem | null;
  let tries: number;
  let reloads: (() => void)[];
  let received: string[];
  let live: Live;
  const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    [lines, refuse, tries, reloads, received] = [[], null, 0, [], []];
    const stream: Api["stream"] = (_path, signal) => {
      tries += 1;
      if (refuse) return Promise.reject(refuse);
      const line = new Line(signal);
      lines.push(line);
      return Promise.resolve(line.response);
    };
    live = new Live({ stream } as unknown as Api, {
      connected: () => new Promise((resolve) => reloads.push(resolve)),
      received: ({ event }) => received.push(event),
    });
  });
  afterEach(() => {
    live.stop();
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it("is live once everything was fetched, and gives the events of meanwhile after that", async () => {
    live.start();
    await settle();
    lines[0]?.say("event: call.started\ndata: {}\n\n");
    await settle();
    expect([live.state.value, received]).toEqual(["connecting", []]);
    reloads[0]?.();
    await settle();
    expect([live.state.value, received]).toEqual(["live", ["call.started"]]);
  });

  it("opens a broken line again and fetches everything again", async () => {
    live.start();
    await settle();
    reloads[0]?.();
    lines[0]?.writer.close();
    await settle();
    expect(live.state.value).toBe("reconnecting");
    await vi.advanceTimersByTimeAsync(1000);
    reloads[1]?.();
    await settle();
    expect([live.state.value, lines.length]).toEqual(["live", 2]);
  });

  it("goes on without a word when the server ends a line whose token ended", async () => {
    live.start();
    await settle();
    reloads[0]?.();
    await vi.advanceTimersByTimeAsync(10_000);
    lines[0]?.writer.close();
    await settle();
    expect([live.state.value, lines.length, reloads.length]).toEqual(["live", 2, 2]);
  });

  it("waits longer after each failure, and hurries when told", async () => {
    refuse = Problem.unreachable();
    live.start();
    await vi.advanceTimersByTimeAsync(7600);
    expect(tries).toBe(5);
    live.hurry();
    await settle();
    expect(tries).toBe(6);
  });

  it("takes a line that says nothing for 40 s for dead", async () => {
    live.start();
    await settle();
    reloads[0]?.();
    await vi.advanceTimersByTimeAsync(30_000);
    lines[0]?.say(": ping\n\n");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(live.state.value).toBe("live");
    await vi.advanceTimersByTimeAsync(10_100);
    expect(live.state.value).toBe("reconnecting");
  });

  it("does not try again without a session, nor once it is stopped", async () => {
    refuse = new Problem(401, "over");
    live.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tries).toBe(1);
    refuse = null;
    live.start();
    await settle();
    live.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([live.state.value, tries]).toEqual(["off", 2]);
  });
});
