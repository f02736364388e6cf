/** What calls, causes and audio figures mean, in words. */
import type { Call, Counters, Leg, Party } from "./api/types";

/** The causes that can be filtered for, as the records name them (`pbx/switch/causes.py`). */
export const CAUSES: readonly (readonly [slug: string, words: string])[] = [
  ["normal", "Talked and hung up"],
  ["no_answer", "Nobody answered"],
  ["busy", "Busy"],
  ["declined", "Declined"],
  ["cancelled", "The caller gave up"],
  ["offline", "No phone registered"],
  ["not_found", "No such number"],
  ["forbidden", "Not allowed"],
  ["no_codec", "No audio format in common"],
  ["webrtc", "The audio of browsers (DTLS-SRTP) is not spoken here"],
  ["audio_lost", "No audio arrived"],
  ["unreachable", "The phone did not answer our messages"],
  ["no_ports", "No audio port free"],
  ["media_failed", "Audio port could not be opened"],
  ["loop", "The call came back to itself"],
  ["bad_request", "A malformed request"],
  ["failed", "The call failed"],
  ["hung_up_by_admin", "Hung up from the console"],
  ["shutdown", "The phone system was stopped"],
];

export type Tone = "ok" | "warn" | "bad" | "quiet" | "accent";

const STATES: Readonly<Record<string, readonly [words: string, tone: Tone]>> = {
  new: ["Starting", "quiet"],
  trying: ["Calling", "quiet"],
  ringing: ["Ringing", "warn"],
  active: ["Talking", "ok"],
  answered: ["Answered", "ok"],
  held: ["On hold", "accent"],
  transferring: ["Being transferred", "accent"],
  ended: ["Ended", "quiet"],
};

export function stateWords(state: string): readonly [words: string, tone: Tone] {
  return STATES[state] ?? [capital(state), "quiet"];
}

/** Nobody did anything wrong in these; the others ask for a look. */
const PLAIN = new Set(["cancelled", "no_answer", "busy", "declined", "hung_up_by_admin", "shutdown"]);

/** How a call came out: answered or not, and why. */
export function outcome(call: Call): { words: string; tone: Tone } {
  if (call.cause === "normal" && call.answered !== null) return { words: "Answered", tone: "ok" };
  const words = causeWords(call.cause, call.cause_text);
  if (call.answered !== null && PLAIN.has(call.cause)) return { words, tone: "ok" };
  return { words, tone: PLAIN.has(call.cause) ? "warn" : "bad" };
}

export function causeWords(cause: string, text = ""): string {
  if (cause === "normal") return "Hung up";
  const known = CAUSES.find(([slug]) => slug === cause);
  return known?.[1] ?? capital(text || cause.replaceAll("_", " "));
}

export function partyName(party: Party): string {
  return party.name || party.number || "Unknown";
}

/** Who was called, as far as that is known: at least what was dialled. */
export function calleeOf(call: Call): Party {
  const { callee, dialled } = call;
  return callee.number || callee.name ? callee : { number: dialled, name: "", kind: "extension" };
}

/** The whole story of an ended call in a sentence. */
export function story(call: Call): string {
  const who = endedBy(call);
  const caller = partyName(call.caller);
  const why = lower(causeWords(call.cause, call.cause_text));
  if (call.answered === null) return `${caller} dialled ${call.dialled}: ${why}.`;
  const talked = `${caller} and ${partyName(calleeOf(call))} talked`;
  return call.cause === "normal" ? `${talked}; then ${who || "one of them"} hung up.` : `${talked}. How it ended: ${why}.`;
}

export function endedBy(call: Call): string {
  if (call.ended_by === "caller") return partyName(call.caller);
  if (call.ended_by === "callee") return partyName(call.callee);
  return call.ended_by === "switch" ? "the phone system" : "";
}

export function talkSeconds(call: Call, now: number): number {
  return call.answered === null ? 0 : (call.ended ?? now) - call.answered;
}

/** Share of the packets that should have come from this party and did not, 0 to 1. */
export function lossShare(counters: Counters): number {
  const expected = counters.received + Math.max(0, counters.lost);
  return expected === 0 ? 0 : Math.max(0, counters.lost) / expected;
}

/** What a listener would say of this party's audio.  1 % loss is heard in G.711, 40 ms of jitter fills a usual buffer. */
export function audioVerdict(leg: Leg): { words: string; tone: Tone } {
  const { counters } = leg;
  if (!counters) return { words: "Not measured", tone: "quiet" };
  if (counters.received === 0 && counters.sent === 0) return { words: "No audio", tone: "quiet" };
  if (counters.received === 0) return { words: "Nothing heard from this side", tone: "bad" };
  const loss = lossShare(counters);
  if (loss >= 0.05) return { words: "Poor: words were lost", tone: "bad" };
  if (loss >= 0.01 || counters.jitter >= 40) return { words: "Fair: some gaps", tone: "warn" };
  return { words: "Good", tone: "ok" };
}

const CODECS: Readonly<Record<string, string>> = { PCMU: "G.711 µ-law", PCMA: "G.711 A-law", G722: "G.722 wideband" };

export function codecName(codec: string): string {
  return CODECS[codec.toUpperCase()] ?? codec;
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function lower(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1);
}
