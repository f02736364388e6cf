import { describe, expect, it } from "vitest";
import { EventParser } from "../src/api/sse";

const STREAM = "event: call.started\nid: 7\ndata: {\"a\":\ndata: 1}\n\n: ping\n\ndata:plain\n\n";
const EVENTS = [
  { event: "call.started", data: "{\"a\":\n1}", id: "7" },
  { event: "message", data: "plain", id: "7" },
];

describe("EventParser", () => {
  it("reads events, joins data lines, ignores pings and keeps the last id", () =>
    expect(new EventParser().push(STREAM)).toEqual(EVENTS));

  it.each(["\n", "\r\n", "\r"])("takes the line end %j, cut anywhere", (end) => {
    const parser = new EventParser();
    // One more character shows that the very last CR is no half of a CRLF.
    const seen = `${STREAM.replaceAll("\n", end)}:`.split("").flatMap((letter) => parser.push(letter));
    expect(seen).toEqual(EVENTS);
  });

  it("gives nothing for an event without data", () => expect(new EventParser().push("event: hello\n\n")).toEqual([]));
  it("waits for the empty line", () => {
    const parser = new EventParser();
    expect(parser.push("data: x\n")).toEqual([]);
    expect(parser.push("\n")).toHaveLength(1);
  });
  it("takes away one space only", () => expect(new EventParser().push("data:  x\n\n")[0]?.data).toBe(" x"));
});
