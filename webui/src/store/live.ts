/** The live line: one event stream that is opened again whenever it breaks. */
import { signal } from "@preact/signals";
import type { Api } from "../api/client";
import { Problem } from "../api/problem";
import { EventParser, type ServerEvent } from "../api/sse";
import { backoff } from "./reduce";

export type LiveState = "connecting" | "live" | "reconnecting" | "off";

/** The server pings every 15 s; a line that is silent for longer than this is dead, whatever TCP says. */
const SILENCE_MS = 40_000;

/** A line that ended before this was no good. */
const SHORT_MS = 5000;

export interface LiveListener {
  /** A line stands (again): fetch everything.  Events wait until the promise settles, so that none is overwritten. */
  connected: () => Promise<void>;
  received: (event: ServerEvent) => void;
}

export class Live {
  readonly state = signal<LiveState>("off");
  readonly #api: Api;
  readonly #listener: LiveListener;
  #stop = new AbortController();
  #wake: () => void = () => undefined;

  constructor(api: Api, listener: LiveListener) {
    this.#api = api;
    this.#listener = listener;
  }

  start(): void {
    this.stop();
    this.#stop = new AbortController();
    this.state.value = "connecting";
    void this.#run(this.#stop.signal);
  }

  stop(): void {
    this.#stop.abort();
    this.#wake();
    this.state.value = "off";
  }

  /** Try now instead of at the end of the pause: the network is back, the tab is looked at. */
  hurry(): void {
    this.#wake();
  }

  async #run(stop: AbortSignal): Promise<void> {
    for (let attempt = 0; !stop.aborted; attempt += 1) {
      const begun = performance.now();
      try {
        await this.#listen(stop, () => {
          attempt = 0;
        });
        // The server ends a stream when its token does: nothing is wrong, the next one is opened at once.
        if (performance.now() - begun > SHORT_MS) continue;
      } catch (error) {
        if (error instanceof Problem && error.status === 401) return;
      }
      // stop() has said "off" already.
      if (this.state.peek() === "off") return;
      this.state.value = "reconnecting";
      await this.#pause(backoff(attempt, Math.random()));
    }
  }

  async #listen(stop: AbortSignal, opened: () => void): Promise<void> {
    const line = new AbortController();
    const end = (): void => line.abort();
    stop.addEventListener("abort", end);
    let watchdog = setTimeout(end, SILENCE_MS);
    try {
      const response = await this.#api.stream("/api/events", line.signal);
      if (!response.body) return;
      opened();
      const ready = this.#listener.connected().then(() => {
        if (!line.signal.aborted) this.state.value = "live";
      });
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(watchdog);
        watchdog = setTimeout(end, SILENCE_MS);
        await ready;
        for (const event of parser.push(value)) this.#listener.received(event);
      }
    } finally {
      clearTimeout(watchdog);
      stop.removeEventListener("abort", end);
      line.abort();
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
