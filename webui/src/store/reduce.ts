/** How one live event changes what we know.  Pure: old value in, new value out. */
import type { Call, Phone } from "../api/types";

/** The call as it is now: put in, replaced, or taken out once it ended.  The oldest call stands first. */
export function withCall(calls: readonly Call[], call: Call): Call[] {
  const others = calls.filter((known) => known.call !== call.call);
  if (call.ended !== null || call.state === "ended") return others;
  return [...others, call].sort((a, b) => a.started - b.started);
}

/** Events carry the call itself or a fact around it. */
export function callIn(data: unknown): Call | null {
  if (typeof data !== "object" || data === null) return null;
  const inner = (data as { call?: unknown }).call;
  if (typeof inner === "object" && inner !== null) return inner as Call;
  return typeof inner === "string" && "state" in data ? (data as Call) : null;
}

/** Registered phones by the number they ring for, in the order of numbers. */
export function sortPhones(phones: readonly Phone[]): Phone[] {
  return [...phones].sort((a, b) => byNumber(a.extension, b.extension) || a.since - b.since);
}

/** Numbers as people sort them: short ones first, then by digits. */
export function byNumber(a: string, b: string): number {
  return a.length - b.length || a.localeCompare(b);
}

/** A free number to suggest: the one after the highest that keeps its length, 1001 in an empty office. */
export function nextNumber(taken: readonly string[]): string {
  const digits = taken.filter((number) => /^\d{2,6}$/.test(number));
  if (digits.length === 0) return "1001";
  const used = new Set(digits);
  const last = digits.reduce((a, b) => (byNumber(a, b) > 0 ? a : b));
  for (let next = Number(last) + 1; String(next).length <= last.length; next += 1) {
    const number = String(next).padStart(last.length, "0");
    if (!used.has(number)) return number;
  }
  return "";
}

/** Milliseconds to wait before try number `attempt` (from 0): doubling to 15 s, spread so that tabs do not march in step. */
export function backoff(attempt: number, random: number): number {
  return Math.min(500 * 2 ** attempt, 15_000) * (0.75 + random / 2);
}
