/** The rungs of a call's ladder: messages between participants, and what the audio did in between. */
import type { AudioSample, Leg, Trace, TraceMessage } from "./api/types";
import { partyName } from "./words";

/** A participant's column; `peer` is its address, "" for Warden. */
export interface Lane {
  peer: string;
  name: string;
}

/** One side's audio since the last rung of audio; `jitter` is the worst in it, in milliseconds. */
export interface Heard {
  name: string;
  received: number;
  lost: number;
  jitter: number;
}

export type Rung =
  | { kind: "message"; at: number; message: TraceMessage }
  | { kind: "audio"; at: number; heard: Heard[]; samples: AudioSample[] };

const WARDEN: Lane = { peer: "", name: "Warden" };

/** From left to right: who spoke first, Warden, and all others in the order of their coming. */
export function lanes(messages: readonly TraceMessage[], legs: readonly Leg[]): Lane[] {
  const peers = [...new Set(messages.map((message) => message.peer))];
  const [first, ...others] = peers.map((peer) => ({ peer, name: nameAt(peer, legs) }));
  return first ? [first, WARDEN, ...others] : [WARDEN];
}

/** The columns that a message goes from and to. */
export function way(message: TraceMessage, columns: readonly Lane[]): readonly [from: number, to: number] {
  const warden = columns.findIndex((lane) => lane.peer === "");
  const peer = columns.findIndex((lane) => lane.peer === message.peer);
  return message.sent ? [warden, peer] : [peer, warden];
}

/** Messages and audio in order of time; samples between two messages are one rung. */
export function rungs({ messages, audio }: Pick<Trace, "messages" | "audio">, legs: readonly Leg[]): Rung[] {
  const found: Rung[] = [];
  const before = new Map<string, AudioSample>();
  let waiting: AudioSample[] = [];
  const flush = (): void => {
    const first = waiting[0];
    if (first) found.push({ kind: "audio", at: first.at, heard: heardIn(waiting, before, legs), samples: waiting });
    waiting = [];
  };
  let next = 0;
  for (const message of messages) {
    for (let sample = audio[next]; sample && sample.at < message.at; sample = audio[++next]) waiting.push(sample);
    flush();
    found.push({ kind: "message", at: message.at, message });
  }
  waiting = audio.slice(next);
  flush();
  return found;
}

function heardIn(samples: readonly AudioSample[], before: Map<string, AudioSample>, legs: readonly Leg[]): Heard[] {
  return [...new Set(samples.map((sample) => sample.leg))].flatMap((leg) => {
    const own = samples.filter((sample) => sample.leg === leg);
    const last = own[own.length - 1];
    if (!last) return [];
    const start = before.get(leg);
    before.set(leg, last);
    return {
      name: nameOfLeg(leg, legs),
      received: last.received - (start?.received ?? 0),
      lost: Math.max(0, last.lost - (start?.lost ?? 0)),
      jitter: Math.max(...own.map((sample) => sample.jitter)),
    };
  });
}

export function nameOfLeg(name: string, legs: readonly Leg[]): string {
  const leg = legs.find((each) => each.leg === name);
  return leg ? partyName(leg.party) : name;
}

function nameAt(peer: string, legs: readonly Leg[]): string {
  const leg = legs.find((each) => each.address === peer);
  return leg ? partyName(leg.party) : peer;
}

/** "+0.0 ms", "+4.25 s", "+3:05" since the first message. */
export function offset(milliseconds: number): string {
  if (milliseconds < 1000) return `+${milliseconds.toFixed(1)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `+${seconds.toFixed(2)} s`;
  return `+${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, "0")}`;
}

/** What one side's audio was like, in words. */
export function heardWords({ name, received, lost, jitter }: Heard): string {
  if (received === 0) return `${name}: nothing heard`;
  const share = lost === 0 ? "none lost" : `${lost.toLocaleString()} lost (${((lost / (received + lost)) * 100).toFixed(1)} %)`;
  return `${name}: ${received.toLocaleString()} packets heard, ${share}, jitter ${jitter.toFixed(1)} ms`;
}
