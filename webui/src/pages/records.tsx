/** Calls of the past: found by number, result and time. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Call } from "../api/types";
import { useApp } from "../app";
import { dateTime, dayName, duration, timeOfDay } from "../format";
import { Field, Select } from "../ui/form";
import { Icon } from "../ui/icons";
import { Button, Empty, Failed, PageHead, PartyLine, Pill, Skeleton } from "../ui/parts";
import { calleeOf, CAUSES, outcome, talkSeconds } from "../words";
import { filterQuery, isFiltered, matches, NO_FILTER, PERIODS, readFilter, recordsQuery, type Filter, type Period } from "./filter";

const LIMIT = 50;
const TYPING_MS = 300;
const FRESH_SECONDS = 10;

export function Records({ query }: { query: URLSearchParams }): JSX.Element {
  const { router, store } = useApp();
  const filter = readFilter(query);
  const key = filterQuery(filter);
  const list = useRecords(filter, key);
  const change = (part: Partial<Filter>): void => router.go(`/records${filterQuery({ ...filter, ...part })}`, true);
  return (
    <>
      <PageHead title="Records" text="Every call that was tried, and how it ended." />
      <Filters filter={filter} change={change} />
      {list.problem && <Failed problem={list.problem} retry={list.reload} />}
      {!list.items && !list.problem && <Skeleton rows={6} label="records" />}
      {list.items?.length === 0 && <NoRecords filtered={isFiltered(filter)} clear={() => change(NO_FILTER)} />}
      {list.items && list.items.length > 0 && <Days calls={list.items} now={store.now.peek()} />}
      {list.next !== null && (
        <div class="more"><Button onClick={list.more} busy={list.busy} testid="older">Show older calls</Button></div>
      )}
    </>
  );
}

interface List {
  items: Call[] | null;
  next: string | null;
  problem: Problem | null;
  busy: boolean;
  more: () => void;
  reload: () => void;
}

/** The records that fit, page by page; a call that ends while one looks is put on top. */
function useRecords(filter: Filter, key: string): List {
  const { store } = useApp();
  const [state, setState] = useState<{ key: string; items: Call[] | null; next: string | null; problem: Problem | null }>(
    { key, items: null, next: null, problem: null },
  );
  const [busy, setBusy] = useState(false);
  const asked = useRef(0);
  const load = async (cursor: string | null): Promise<void> => {
    const ask = (asked.current += 1);
    setBusy(true);
    try {
      const page = await store.records(recordsQuery(filter, store.now.peek(), LIMIT, cursor));
      if (ask !== asked.current) return;
      setState((old) => ({ key, items: merge(cursor === null ? justEnded() : old.items ?? [], page.items), next: page.next, problem: null }));
    } catch (error) {
      if (ask === asked.current) setState((old) => ({ ...old, key, problem: Problem.of(error) }));
    } finally {
      if (ask === asked.current) setBusy(false);
    }
  };
  /** Its record may still be on the way to the disk. */
  const justEnded = (): Call[] => {
    const call = store.ended.peek();
    const now = store.now.peek();
    return call && now - (call.ended ?? 0) < FRESH_SECONDS && matches(call, filter, now) ? [call] : [];
  };
  const online = store.live.state.value === "live";
  useEffect(() => {
    void load(null);
  }, [key, online]);
  const ended = store.ended.value;
  useEffect(() => {
    if (!ended || !matches(ended, filter, store.now.peek())) return;
    setState((old) => (old.items ? { ...old, items: merge([ended], old.items) } : old));
  }, [ended]);
  const current = state.key === key ? state : { ...state, items: null, next: null, problem: null };
  return { ...current, busy, more: () => void load(state.next), reload: () => void load(null) };
}

/** Both lists, newest call first, each call once. */
function merge(first: readonly Call[], second: readonly Call[]): Call[] {
  const known = new Set(first.map((call) => call.call));
  return [...first, ...second.filter((call) => !known.has(call.call))].sort((a, b) => b.started - a.started);
}

function Filters({ filter, change }: { filter: Filter; change: (part: Partial<Filter>) => void }): JSX.Element {
  const [number, setNumber] = useState(filter.number);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setNumber(filter.number), [filter.number]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (text: string): void => {
    setNumber(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => change({ number: text.trim() }), TYPING_MS);
  };
  return (
    <form class="filters" role="search" aria-label="Filter the records" onSubmit={(event) => event.preventDefault()}>
      <Field label="Number" name="number" type="search" value={number} onInput={type} placeholder="1001" testid="filter-number" />
      <Select label="Result" value={filter.cause} options={[["", "Any result"], ...CAUSES]} onChange={(cause) => change({ cause })} testid="filter-cause" />
      <Select label="When" value={filter.period} options={PERIODS} onChange={(period) => change({ period: period as Period })} testid="filter-period" />
      {filter.period === "dates" && (
        <>
          <Field label="From" name="from" type="date" value={filter.from} onInput={(from) => change({ from })} testid="filter-from" />
          <Field label="To" name="to" type="date" value={filter.to} onInput={(to) => change({ to })} testid="filter-to" />
        </>
      )}
      {isFiltered(filter) && <Button kind="quiet" icon="close" onClick={() => change(NO_FILTER)} testid="filter-clear">Clear</Button>}
    </form>
  );
}

function Days({ calls, now }: { calls: readonly Call[]; now: number }): JSX.Element {
  const days = Map.groupBy(calls, (call) => dayName(call.started, now));
  return (
    <div data-testid="records">
      {[...days].map(([day, own]) => (
        <section key={day} class="day">
          <h2 class="day-name">{day}</h2>
          <ul class="card rows">
            {own.map((call) => <Row key={call.call} call={call} />)}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Row({ call }: { call: Call }): JSX.Element {
  const { words, tone } = outcome(call);
  const talked = call.answered !== null;
  const callee = calleeOf(call);
  return (
    <li>
      <a
        class="row row-record"
        href={`/records/${encodeURIComponent(call.call)}`}
        data-testid={`record-${call.call}`}
      >
        <time class="row-time" dateTime={new Date(call.started * 1000).toISOString()} title={dateTime(call.started)}>{timeOfDay(call.started)}</time>
        <span class="row-pair">
          <PartyLine party={call.caller} />
          <span class="row-callee"><Icon name="arrow" size={16} /><span class="hidden">to</span><PartyLine party={callee} /></span>
        </span>
        <span class="row-result"><Pill tone={tone}>{words}</Pill></span>
        <span class="row-length">{talked ? duration(talkSeconds(call, call.started)) : "–"}</span>
        <Icon name="forward" size={18} />
      </a>
    </li>
  );
}

function NoRecords({ filtered, clear }: { filtered: boolean; clear: () => void }): JSX.Element {
  if (filtered) {
    return (
      <Empty icon="search" title="No call fits the filter" testid="no-match">
        <p>Try another number, result or time.</p>
        <Button onClick={clear}>Show all calls</Button>
      </Empty>
    );
  }
  return (
    <Empty icon="records" title="No calls yet" testid="no-records">
      <p>Once a call was tried it is written down here, answered or not. Watch one as it happens under <a href="/calls">Calls</a>.</p>
    </Empty>
  );
}
