import { describe, expect, it } from "vitest";
import { audioVerdict, causeWords, codecName, endedBy, lossShare, outcome, stateWords, story, talkSeconds } from "../src/words";
import { call, counters, leg } from "./samples";

describe("how a call came out", () => {
  it.each([
    [{ cause: "normal" }, "Answered", "ok"],
    [{ cause: "no_answer", answered: null }, "Nobody answered", "warn"],
    [{ cause: "not_found", answered: null }, "No such number", "bad"],
    [{ cause: "audio_lost" }, "No audio arrived", "bad"],
    [{ cause: "hung_up_by_admin" }, "Hung up from the console", "ok"],
    [{ cause: "quite_new", cause_text: "something new", answered: null }, "Something new", "bad"],
  ])("%j is %s", (parts, words, tone) => expect(outcome(call({ ended: 9, ...parts }))).toEqual({ words, tone }));

  it("tells the story", () => {
    expect(story(call({ ended: 9, cause: "normal", ended_by: "callee" }))).toBe("Anna Adams and Bob Brown talked; then Bob Brown hung up.");
    expect(story(call({ ended: 9, cause: "busy", answered: null }))).toBe("Anna Adams dialled 1002: busy.");
    expect(story(call({ ended: 9, cause: "shutdown", ended_by: "switch" }))).toBe("Anna Adams and Bob Brown talked. How it ended: the phone system was stopped.");
  });

  it("names who ended it", () => {
    expect(endedBy(call({ ended_by: "caller" }))).toBe("Anna Adams");
    expect(endedBy(call({ ended_by: "switch" }))).toBe("the phone system");
    expect(endedBy(call())).toBe("");
  });

  it("counts from the answer to the end, or to now", () => {
    expect(talkSeconds(call({ answered: 10, ended: 25 }), 99)).toBe(15);
    expect(talkSeconds(call({ answered: 10 }), 99)).toBe(89);
    expect(talkSeconds(call({ answered: null, ended: 25 }), 99)).toBe(0);
  });

  it("has words for a cause it does not know", () => expect(causeWords("solar_flare")).toBe("Solar flare"));
  it("has words for a state it does not know", () => expect(stateWords("parked")).toEqual(["Parked", "quiet"]));
});

describe("how it sounded", () => {
  it.each([
    [counters(), "Good", "ok"],
    [counters({ lost: 20 }), "Fair: some gaps", "warn"],
    [counters({ jitter: 55 }), "Fair: some gaps", "warn"],
    [counters({ lost: 100 }), "Poor: words were lost", "bad"],
    [counters({ received: 0 }), "Nothing heard from this side", "bad"],
    [counters({ received: 0, sent: 0 }), "No audio", "quiet"],
    [null, "Not measured", "quiet"],
  ])("%j", (audio, words, tone) => expect(audioVerdict(leg(audio))).toEqual({ words, tone }));

  it("takes no loss from duplicates: RFC 3550 counts them as a negative loss", () => expect(lossShare(counters({ lost: -5 }))).toBe(0));
  it("names codecs", () => {
    expect(codecName("pcma")).toBe("G.711 A-law");
    expect(codecName("opus")).toBe("opus");
  });
});
