/** Times, lengths and sizes as people read them, in the browser's own zone. */

/** Seconds as m:ss, or h:mm:ss from an hour on.  Never negative: clocks may differ a little. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** The two greatest units: "3 days 4 h", "12 min". */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor(whole / 3600) % 24;
  const minutes = Math.floor(whole / 60) % 60;
  if (days) return `${days} ${days === 1 ? "day" : "days"}${hours ? ` ${hours} h` : ""}`;
  if (hours) return `${hours} h${minutes ? ` ${minutes} min` : ""}`;
  return minutes ? `${minutes} min` : `${whole} s`;
}

export function timeOfDay(at: number, seconds = false): string {
  return new Date(at * 1000).toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
  });
}

export function dateTime(at: number): string {
  return new Date(at * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
}

/** "Today", "Yesterday", or the day with its weekday; the year only when it is another one. */
export function dayName(at: number, now: number): string {
  const day = new Date(at * 1000);
  const apart = Math.round((startOfDay(now).getTime() - startOfDay(at).getTime()) / 86_400_000);
  if (apart === 0) return "Today";
  if (apart === 1) return "Yesterday";
  const year = day.getFullYear() === new Date(now * 1000).getFullYear() ? {} : { year: "numeric" as const };
  return day.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long", ...year });
}

export function startOfDay(at: number): Date {
  const day = new Date(at * 1000);
  day.setHours(0, 0, 0, 0);
  return day;
}

/** Fits into a sentence: the time alone for today, with its day otherwise. */
export function moment(at: number, now: number): string {
  const day = dayName(at, now);
  if (day === "Today") return timeOfDay(at);
  if (day === "Yesterday") return `yesterday ${timeOfDay(at)}`;
  return `${new Date(at * 1000).toLocaleDateString([], { day: "numeric", month: "short" })}, ${timeOfDay(at)}`;
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = count;
  let unit = -1;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ""}`;
}

export function count(amount: number, one: string, many: string): string {
  return `${amount.toLocaleString()} ${amount === 1 ? one : many}`;
}

/** "Linphone 5.2.1" out of a User-Agent like "Linphone/5.2.1 (belle-sip/5.2)". */
export function deviceName(agent: string): string {
  const head = agent.split("(")[0]?.trim() ?? "";
  return (head || agent.trim()).replaceAll("/", " ").replaceAll("_", " ") || "Unknown phone";
}

/** Two letters for a name, or the end of the number when there is no name. */
export function initials(name: string, number: string): string {
  const words = name.split(/[\s-]+/).filter((word) => /\p{L}/u.test(word));
  const first = words[0]?.charAt(0) ?? "";
  const last = words.length > 1 ? (words.at(-1)?.charAt(0) ?? "") : "";
  return (first + last).toUpperCase() || number.slice(-2) || "?";
}

/** One of six tints that stays with a number. */
export function tint(number: string): number {
  let sum = 0;
  for (const letter of number) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return sum % 6;
}
