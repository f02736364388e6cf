import { describe, expect, it } from "vitest";
import { Problem, problemOf } from "../src/api/problem";

describe("problemOf", () => {
  it("prefers the detail to the title", () => {
    expect(problemOf(409, { title: "Conflict", detail: "1001 is Anna Adams already." }).message).toBe("1001 is Anna Adams already.");
    expect(problemOf(409, { title: "Conflict" }).message).toBe("Conflict");
  });

  it("maps what is wrong to its fields, as sentences, the first one for each", () => {
    const { fields } = problemOf(422, {
      errors: [{ field: "number", message: "must be 2 to 6 digits" }, { field: "number", message: "second" }, { field: "name", message: "Too long!" }, null, 3],
    });
    expect(fields).toEqual({ number: "This must be 2 to 6 digits.", name: "Too long!" });
  });

  it.each([[404, "not there"], [429, "wait"], [500, "log"], [418, "did not work"]])("has words of its own for a bare %d", (status, words) =>
    expect(problemOf(status, null).message).toContain(words));

  it("knows when to try again", () => {
    expect(problemOf(429, {}, "12").retryAfter).toBe(12);
    expect(problemOf(429, {}, "Wed, 25 Nov 2026").retryAfter).toBeNull();
  });

  it("reads a response that is no JSON", async () => {
    const problem = await Problem.from(new Response("<h1>Bad gateway</h1>", { status: 502 }));
    expect(problem.message).toContain("error");
  });

  it("never shows a stranger's stack trace", () => expect(Problem.of(new TypeError("x is undefined")).message).not.toContain("undefined"));
});
