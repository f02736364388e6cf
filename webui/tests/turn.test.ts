import { describe, expect, it } from "vitest";
import { inTurn, type TurnNeeds } from "../src/api/turn";

/** Two tabs of one browser: they share the storage, and nothing else. */
function tabs(held?: string): [ReturnType<typeof inTurn>, ReturnType<typeof inTurn>, Map<string, string>] {
  const kept = new Map<string, string>(held === undefined ? [] : [["warden-turn", held]]);
  let time = 0;
  let chance = 0;
  const needs: TurnNeeds = {
    locks: undefined,
    storage: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) },
    pause: (milliseconds) => {
      time += milliseconds;
      return Promise.resolve();
    },
    now: () => time,
    random: () => (chance += 0.125),
  };
  return [inTurn(needs), inTurn(needs), kept];
}

describe("inTurn without locks", () => {
  it("lets one tab work after the other", async () => {
    const [first, second] = tabs();
    const seen: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
    };
    await Promise.all([first(work("a")), second(work("b"))]);
    expect(seen).toHaveLength(4);
    expect(seen[1]).toBe(seen[0]?.replace("begins", "ends"));
    expect(seen[3]).toBe(seen[2]?.replace("begins", "ends"));
  });

  it("gives the turn back when the work fails", async () => {
    const [first, , kept] = tabs();
    await expect(first(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(kept.size).toBe(0);
  });

  it("does not wait for ever for a tab that was closed", async () => {
    const [first] = tabs("0.9 4000");
    await expect(first(() => Promise.resolve("done"))).resolves.toBe("done");
  });
});
