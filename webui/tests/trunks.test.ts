import { describe, expect, it } from "vitest";
import { heard } from "../src/pages/trunks";

describe("what a trunk last said", () => {
  it("is nothing before its first answer", () => expect(heard({ heard: 0, delay: 0 }, 1_790_000_000)).toBe("has not answered yet"));
  it("is when and how fast", () => expect(heard({ heard: 1_790_000_000, delay: 0.0234 }, 1_790_000_060)).toMatch(/^answered .*, in 23 ms$/));
  it("is never faster than a millisecond", () => expect(heard({ heard: 1_790_000_000, delay: 0.0001 }, 1_790_000_060)).toMatch(/in 1 ms$/));
});
