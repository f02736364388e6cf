import { describe, expect, it } from "vitest";
import { bytes, count, dayName, deviceName, duration, initials, moment, span, startOfDay, tint } from "../src/format";

describe("duration", () => {
  it.each([
    [0, "0:00"], [5.9, "0:05"], [65, "1:05"], [600, "10:00"], [3599, "59:59"], [3600, "1:00:00"], [36_610, "10:10:10"],
  ])("%d s reads %s", (seconds, words) => expect(duration(seconds)).toBe(words));

  it("is never negative: a clock may be a little behind", () => expect(duration(-3)).toBe("0:00"));
});

describe("span", () => {
  it.each([[4, "4 s"], [60, "1 min"], [3600, "1 h"], [3720, "1 h 2 min"], [90_000, "1 day 1 h"], [280_000, "3 days 5 h"]])(
    "%d s reads %s", (seconds, words) => expect(span(seconds)).toBe(words));
});

describe("days", () => {
  const noon = new Date(2026, 2, 30, 12).getTime() / 1000;

  it("names today and yesterday", () => {
    expect(dayName(noon - 3600, noon)).toBe("Today");
    expect(dayName(noon - 86_400, noon)).toBe("Yesterday");
  });

  it("goes by the calendar, not by 24 hours", () => {
    const late = new Date(2026, 2, 29, 23, 59).getTime() / 1000;
    const early = new Date(2026, 2, 30, 0, 1).getTime() / 1000;
    expect(dayName(late, early)).toBe("Yesterday");
  });

  it("tells the year of another year only", () => {
    expect(dayName(noon - 10 * 86_400, noon)).not.toContain("2026");
    expect(dayName(noon - 400 * 86_400, noon)).toContain("2025");
  });

  it("starts at local midnight", () => expect(startOfDay(noon).getHours()).toBe(0));
  it("puts yesterday into a sentence", () => expect(moment(noon - 86_400, noon)).toMatch(/^yesterday \d/));
});

describe("amounts", () => {
  it.each([[0, "0 B"], [999, "999 B"], [1500, "1.5 kB"], [25_000, "25 kB"], [1_568_640, "1.6 MB"]])(
    "%d bytes read %s", (amount, words) => expect(bytes(amount)).toBe(words));

  it("knows one from many", () => {
    expect(count(1, "call", "calls")).toBe("1 call");
    expect(count(0, "call", "calls")).toBe("0 calls");
  });
});

describe("phones and people", () => {
  it.each([
    ["Linphone/5.2.1 (belle-sip/5.2)", "Linphone 5.2.1"], ["baresip v1.0.0 (x86_64/linux)", "baresip v1.0.0"], ["", "Unknown phone"], ["(odd)", "(odd)"],
  ])("%s is called %s", (agent, name) => expect(deviceName(agent)).toBe(name));

  it.each([
    ["Anna Adams", "1001", "AA"], ["Carla Castellanos-Wintergreen", "1", "CW"], ["Reception", "1", "R"], ["", "+4930123456", "56"], ["***", "", "?"],
  ])("%s %s has the initials %s", (name, number, letters) => expect(initials(name, number)).toBe(letters));

  it("keeps one tint for a number", () => {
    expect(tint("1001")).toBe(tint("1001"));
    expect(new Set(["1001", "1002", "1003", "1004"].map(tint)).size).toBeGreaterThan(1);
  });
});
