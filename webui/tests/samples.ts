/** Values to test with: whole, and as dull as possible. */
import type { Call, Counters, Leg, Phone } from "../src/api/types";

export function call(parts: Partial<Call> = {}): Call {
  return {
    call: "c1", state: "active", dialled: "1002", started: 1, ringing: 2, answered: 3, ended: null, cause: "", cause_text: "", transferred: "", ended_by: "", legs: [],
    caller: { number: "1001", name: "Anna Adams", kind: "extension" },
    callee: { number: "1002", name: "Bob Brown", kind: "extension" },
    ...parts,
  };
}

export function counters(parts: Partial<Counters> = {}): Counters {
  return { leg: "a", received: 1000, received_bytes: 172_000, sent: 1000, sent_bytes: 172_000, lost: 0, reordered: 0, duplicated: 0, refused: 0, jitter: 1, ...parts };
}

export function leg(audio: Counters | null): Leg {
  return { leg: "a", party: call().caller, direction: "in", address: "", user_agent: "", state: "ended", codec: "PCMA", cause: "normal", counters: audio };
}

export function phone(parts: Partial<Phone> = {}): Phone {
  return { extension: "1001", name: "Anna Adams", contact: "sip:1001@127.0.0.1", address: "127.0.0.1:5060", transport: "udp", user_agent: "x", since: 1, expires: 600, ...parts };
}
