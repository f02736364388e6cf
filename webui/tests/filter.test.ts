import { describe, expect, it } from "vitest";
import { bounds, filterQuery, isFiltered, matches, NO_FILTER, readFilter, recordsQuery } from "../src/pages/filter";
import { call } from "./samples";

const at = (...when: [number, number, number, number?]): number => new Date(...when).getTime() / 1000;
const NOW = at(2026, 10, 25, 14);

describe("the filter in the address", () => {
  it("reads back what it wrote", () => {
    const filter = { number: "1001", cause: "busy", period: "dates" as const, from: "2026-11-01", to: "" };
    expect(readFilter(new URLSearchParams(filterQuery(filter)))).toEqual(filter);
  });
  it("is empty without one", () => {
    expect(filterQuery(NO_FILTER)).toBe("");
    expect(isFiltered(NO_FILTER)).toBe(false);
  });
  it("drops what it does not know", () => {
    expect(readFilter(new URLSearchParams("period=ages&from=2026-11-01"))).toEqual(NO_FILTER);
    expect(readFilter(new URLSearchParams("period=dates&from=soon")).from).toBe("");
  });
});

describe("bounds", () => {
  it("is today from local midnight on", () => expect(bounds({ ...NO_FILTER, period: "today" }, NOW)).toEqual({ since: at(2026, 10, 25), until: null }));
  it("is yesterday alone", () => expect(bounds({ ...NO_FILTER, period: "yesterday" }, NOW)).toEqual({ since: at(2026, 10, 24), until: at(2026, 10, 25) }));
  it("counts today among seven days", () => expect(bounds({ ...NO_FILTER, period: "week" }, NOW).since).toBe(at(2026, 10, 19)));
  it("takes the last day whole", () =>
    expect(bounds({ ...NO_FILTER, period: "dates", from: "2026-11-01", to: "2026-11-02" }, NOW)).toEqual({ since: at(2026, 10, 1), until: at(2026, 10, 3) }));
  it("is open at an end that is not given", () => expect(bounds({ ...NO_FILTER, period: "dates", from: "", to: "" }, NOW)).toEqual({ since: null, until: null }));
});

describe("what the API is asked", () => {
  it("says only what is filtered", () => expect(recordsQuery(NO_FILTER, NOW, 50, null)).toBe("?limit=50"));
  it("says it all", () =>
    expect(recordsQuery({ ...NO_FILTER, number: "*43", cause: "busy", period: "today" }, NOW, 9, "c/1")).toBe(
      `?limit=9&number=*43&cause=busy&since=${at(2026, 10, 25)}&cursor=c%2F1`));
});

describe("a call that just ended", () => {
  const ended = call({ started: NOW - 60, ended: NOW, cause: "normal" });
  it.each([
    [{}, true], [{ number: "1001" }, true], [{ number: "1002" }, true], [{ number: "1003" }, false], [{ cause: "busy" }, false],
    [{ period: "today" as const }, true], [{ period: "yesterday" as const }, false],
  ])("fits %j: %s", (parts, fits) => expect(matches(ended, { ...NO_FILTER, ...parts }, NOW)).toBe(fits));
});
