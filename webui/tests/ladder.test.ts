import { describe, expect, it } from "vitest";
import type { AudioSample, TraceMessage } from "../src/api/types";
import { heardWords, lanes, offset, rungs, way } from "../src/ladder";
import { leg } from "./samples";

const ANNA = "192.0.2.11:5060", BOB = "192.0.2.12:5060";
const legs = [{ ...leg(null), address: ANNA }, { ...leg(null), leg: "b", address: BOB, party: { number: "1002", name: "", kind: "extension" } }];

function message(at: number, peer: string, sent: boolean, title = "INVITE"): TraceMessage {
  return { at, peer, transport: "udp", sent, title, cseq: "1 INVITE", repeated: false, audio: false, text: "" };
}

function sample(at: number, name: string, received: number, lost = 0, jitter = 1): AudioSample {
  return { at, leg: name, received, sent: received, lost, jitter };
}

const messages = [message(0, ANNA, false), message(5, BOB, true), message(9, BOB, false, "200 OK"), message(20_000, ANNA, false, "BYE")];

describe("lanes", () => {
  it("has the caller left of Warden and the others right of it, by name", () =>
    expect(lanes(messages, legs)).toEqual([{ peer: ANNA, name: "Anna Adams" }, { peer: "", name: "Warden" }, { peer: BOB, name: "1002" }]));
  it("shows an address that no leg has", () => expect(lanes([message(0, "x", false)], legs)[0]?.name).toBe("x"));
  it("has Warden alone when nothing was said", () => expect(lanes([], legs)).toHaveLength(1));
});

describe("way", () => {
  const columns = lanes(messages, legs);
  it("goes from the speaker to the hearer", () =>
    expect(messages.map((said) => way(said, columns))).toEqual([[0, 1], [1, 2], [2, 1], [0, 1]]));
});

describe("rungs", () => {
  it("puts the audio between the messages, each side's growth since the last", () => {
    const audio = [sample(5009, "a", 250), sample(5009, "b", 249, 2, 4), sample(10_009, "a", 500, 0, 3), sample(10_009, "b", 490, 9, 2), sample(20_003, "a", 999)];
    const found = rungs({ messages, audio }, legs);
    expect(found.map((rung) => rung.kind)).toEqual(["message", "message", "message", "audio", "message", "audio"]);
    expect(found[3]).toMatchObject({ at: 5009, heard: [{ name: "Anna Adams", received: 500, lost: 0, jitter: 3 }, { name: "1002", received: 490, lost: 9, jitter: 4 }] });
    expect(found[5]).toMatchObject({ heard: [{ received: 499 }] });
  });
  it("is only messages without audio", () => expect(rungs({ messages, audio: [] }, legs)).toHaveLength(4));
});

describe("words", () => {
  it.each([[0, "+0.0 ms"], [999.94, "+999.9 ms"], [4250, "+4.25 s"], [185_900, "+3:05"]])("%d ms is %s", (at, words) => expect(offset(at)).toBe(words));
  it("tells loss as a share", () => expect(heardWords({ name: "Bob", received: 980, lost: 20, jitter: 4 })).toBe("Bob: 980 packets heard, 20 lost (2.0 %), jitter 4.0 ms"));
  it("tells silence", () => expect(heardWords({ name: "Bob", received: 0, lost: 0, jitter: 0 })).toBe("Bob: nothing heard"));
});
