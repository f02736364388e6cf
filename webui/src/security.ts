/** Why messages of phones and strangers were refused, in words (`pbx/sip/gatekeeper.py` and below). */
import type { Refused } from "./api/types";
import type { Tone } from "./words";

const REASONS: Readonly<Record<string, readonly [words: string, tone: Tone]>> = {
  wrong_password: ["Wrong password or account", "bad"],
  banned: ["Banned after wrong passwords", "bad"],
  too_many_guesses: ["Too many wrong passwords at once", "bad"],
  scanner: ["A scanner: got no answer", "warn"],
  stranger: ["A call of a stranger: got no answer", "warn"],
  too_many_challenges: ["Asks without end and never signs in", "warn"],
  too_many_answers: ["Asks without end", "warn"],
  not_your_number: ["Used a number that is not its own", "bad"],
  no_extension: ["Its extension is gone", "warn"],
  malformed: ["Messages that cannot be read", "warn"],
  overload: ["Too much at once: asked to come again", "warn"],
  too_busy: ["Too much at once: asked to come again", "warn"],
  stray_response: ["Answers to nothing that was asked", "quiet"],
  no_dialog: ["About a call that is over", "quiet"],
  no_transaction: ["Cancelled what was over", "quiet"],
};

export function reasonWords(reason: string): readonly [words: string, tone: Tone] {
  const words = reason.replaceAll("_", " ");
  return REASONS[reason] ?? [words.charAt(0).toUpperCase() + words.slice(1), "quiet"];
}

/** What stands above the list: how much of it was an attempt to get in. */
export function guesses({ totals }: Refused): { passwords: number; scanners: number; strangers: number } {
  const of = (reason: string): number => totals[reason] ?? 0;
  return { passwords: of("wrong_password") + of("banned"), scanners: of("scanner"), strangers: of("stranger") + of("too_many_challenges") };
}
