import { describe, expect, it } from "vitest";
import { backoff, byNumber, callIn, nextNumber, sortPhones, withCall } from "../src/store/reduce";
import { call, phone } from "./samples";

describe("withCall", () => {
  it("puts a new call after the older ones", () => {
    const first = call({ call: "a", started: 10 });
    const second = call({ call: "b", started: 5 });
    expect(withCall([first], second).map((known) => known.call)).toEqual(["b", "a"]);
  });
  it("replaces what it knew", () => {
    const before = [call({ call: "a", state: "ringing" })];
    const after = withCall(before, call({ call: "a", state: "active" }));
    expect(after.map((known) => known.state)).toEqual(["active"]);
    expect(before[0]?.state).toBe("ringing");
  });
  it("takes out an ended one, known or not", () => {
    expect(withCall([call({ call: "a" })], call({ call: "a", state: "ended", ended: 9 }))).toEqual([]);
    expect(withCall([], call({ call: "b", state: "ended", ended: 9 }))).toEqual([]);
  });
});

describe("callIn", () => {
  const known = call({ call: "a" });
  it("finds the call in a fact", () => expect(callIn({ call: known })).toBe(known));
  it("takes the call itself", () => expect(callIn(known)).toBe(known));
  it.each([null, 3, "x", {}, { call: "a" }])("finds none in %j", (data) => expect(callIn(data)).toBeNull());
});

describe("numbers", () => {
  it("sorts them as people do", () => expect(["1001", "99", "200", "1000"].sort(byNumber)).toEqual(["99", "200", "1000", "1001"]));
  it.each([
    [[], "1001"], [["1001", "1002"], "1003"], [["20", "31"], "32"], [["007"], "008"], [["1001", "1005"], "1006"], [["99"], ""], [["abc"], "1001"],
  ])("after %j suggests %j", (taken, next) => expect(nextNumber(taken)).toBe(next));
  it("sorts phones by their number, then by age", () => {
    const phones = [phone({ extension: "1002" }), phone({ extension: "1001", since: 9 }), phone({ extension: "1001", since: 3 })];
    expect(sortPhones(phones).map(({ extension, since }) => `${extension} ${since}`)).toEqual(["1001 3", "1001 9", "1002 1"]);
  });
});

describe("backoff", () => {
  it("doubles up to 15 s", () => expect([0, 1, 2, 3, 9, 99].map((attempt) => backoff(attempt, 0.5))).toEqual([500, 1000, 2000, 4000, 15_000, 15_000]));
  it("spreads by a quarter to either side", () => {
    expect(backoff(1, 0)).toBe(750);
    expect(backoff(1, 1)).toBe(1250);
  });
});
