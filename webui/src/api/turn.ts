/** One tab at a time: all tabs share the refresh cookie, and using it twice signs everybody out. */

export type InTurn = <Value>(work: () => Promise<Value>) => Promise<Value>;

export interface TurnNeeds {
  /** Exists in secure contexts only, so not on a plain office network. */
  locks: LockManager | undefined;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  pause: (milliseconds: number) => Promise<void>;
  now: () => number;
  random: () => number;
}

const KEY = "warden-turn";
/** A tab that was closed meanwhile holds the turn no longer than this. */
const LONGEST_MS = 5000;
/** Other tabs' writes are seen by then. */
const SETTLE_MS = 30;

export function inTurn({ locks, storage, pause, now, random }: TurnNeeds): InTurn {
  if (locks) return async (work) => await locks.request(KEY, work);
  return async (work) => {
    const own = String(random());
    for (;;) {
      const [holder, until = "0"] = (storage.getItem(KEY) ?? "").split(" ");
      if (holder === own) break;
      if (Number(until) <= now()) storage.setItem(KEY, `${own} ${now() + LONGEST_MS}`);
      await pause(SETTLE_MS);
    }
    try {
      return await work();
    } finally {
      storage.removeItem(KEY);
    }
  };
}
