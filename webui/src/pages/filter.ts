/** What the records are filtered by: read from the address, sent to the API, and applied to calls that just ended. */
import type { Call } from "../api/types";
import { startOfDay } from "../format";

export interface Filter {
  number: string;
  cause: string;
  period: Period;
  /** Days as YYYY-MM-DD in the browser's zone, only with the period "dates"; "" = open end. */
  from: string;
  to: string;
}

export const PERIODS = [
  ["", "Any time"],
  ["today", "Today"],
  ["yesterday", "Yesterday"],
  ["week", "Last 7 days"],
  ["month", "Last 30 days"],
  ["dates", "Choose dates"],
] as const;

export type Period = (typeof PERIODS)[number][0];

export const NO_FILTER: Filter = { number: "", cause: "", period: "", from: "", to: "" };

export function readFilter(query: URLSearchParams): Filter {
  const period = PERIODS.find(([name]) => name === query.get("period"))?.[0] ?? "";
  return {
    number: query.get("number") ?? "",
    cause: query.get("cause") ?? "",
    period,
    from: period === "dates" ? day(query.get("from")) : "",
    to: period === "dates" ? day(query.get("to")) : "",
  };
}

export function filterQuery(filter: Filter): string {
  const query = new URLSearchParams(Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== ""));
  const text = query.toString();
  return text && `?${text}`;
}

export function isFiltered(filter: Filter): boolean {
  return filterQuery(filter) !== "";
}

/** Seconds since 1970: `since` inclusive, `until` exclusive; null = open. */
export function bounds(filter: Filter, now: number): { since: number | null; until: number | null } {
  switch (filter.period) {
    case "today":
      return { since: dayStart(now, 0), until: null };
    case "yesterday":
      return { since: dayStart(now, -1), until: dayStart(now, 0) };
    case "week":
      return { since: dayStart(now, -6), until: null };
    case "month":
      return { since: dayStart(now, -29), until: null };
    case "dates":
      return { since: dayOf(filter.from, 0), until: dayOf(filter.to, 1) };
    case "":
      return { since: null, until: null };
  }
}

export function recordsQuery(filter: Filter, now: number, limit: number, cursor: string | null): string {
  const query = new URLSearchParams({ limit: String(limit) });
  const { since, until } = bounds(filter, now);
  if (filter.number) query.set("number", filter.number);
  if (filter.cause) query.set("cause", filter.cause);
  if (since !== null) query.set("since", String(since));
  if (until !== null) query.set("until", String(until));
  if (cursor !== null) query.set("cursor", cursor);
  return `?${query.toString()}`;
}

/** Would the API give this call for the filter?  A number stands for either side or what was dialled. */
export function matches(call: Call, filter: Filter, now: number): boolean {
  const { since, until } = bounds(filter, now);
  if (filter.cause && call.cause !== filter.cause) return false;
  if (filter.number && ![call.caller.number, call.callee.number, call.dialled].includes(filter.number)) return false;
  return (since === null || call.started >= since) && (until === null || call.started < until);
}

/** Midnight `days` after the day of `now`, by the calendar: a day of a clock change has 23 or 25 hours. */
function dayStart(now: number, days: number): number {
  const date = startOfDay(now);
  date.setDate(date.getDate() + days);
  return date.getTime() / 1000;
}

function dayOf(text: string, days: number): number | null {
  const at = Date.parse(`${text}T00:00:00`);
  return Number.isNaN(at) ? null : dayStart(at / 1000, days);
}

function day(text: string | null): string {
  return text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : "";
}
