import { describe, expect, it } from "vitest";
import { parseRoute } from "../src/router";

describe("parseRoute", () => {
  it("opens the extensions first", () => expect(parseRoute("/")).toMatchObject({ page: "extensions" }));
  it.each(["extensions", "phones", "calls", "records", "trunks", "security", "health"])("knows /%s", (page) => expect(parseRoute(`/${page}/`)).toMatchObject({ page }));
  it("keeps the query", () => {
    const route = parseRoute("/records", "?number=1001");
    expect(route.page === "records" && route.query.get("number")).toBe("1001");
  });
  it("reads a record's name, escaped", () => expect(parseRoute("/records/a%2Fb")).toEqual({ page: "record", id: "a/b" }));
  it("reads a live call's name", () => expect(parseRoute("/calls/c-1")).toEqual({ page: "call", id: "c-1" }));
  it("survives a broken escape", () => expect(parseRoute("/records/%E0%A4%A")).toEqual({ page: "record", id: "%E0%A4%A" }));
  it.each(["/nothing", "/phones/1001", "/records/1/2", "/record"])("says that %s is missing", (path) =>
    expect(parseRoute(path)).toEqual({ page: "missing" }));
});
