import { describe, expect, it } from "vitest";
import { guesses, reasonWords } from "../src/security";

describe("why something was refused", () => {
  it("has words", () => expect(reasonWords("scanner")).toEqual(["A scanner: got no answer", "warn"]));
  it("has words for a reason it does not know", () => expect(reasonWords("solar_flare")).toEqual(["Solar flare", "quiet"]));
});

describe("what was tried", () => {
  it("is nothing at first", () => expect(guesses({ items: [], totals: {} })).toEqual({ passwords: 0, scanners: 0, strangers: 0 }));
  it("sums what is of one kind", () => {
    const totals = { wrong_password: 5, banned: 2, scanner: 7, stranger: 1, too_many_challenges: 3, malformed: 9 };
    expect(guesses({ items: [], totals })).toEqual({ passwords: 7, scanners: 7, strangers: 4 });
  });
});
