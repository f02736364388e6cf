/** One call of the past: what happened when, why it ended, how it sounded. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Call, Counters, Leg } from "../api/types";
import { useApp } from "../app";
import { bytes, dateTime, deviceName, duration, timeOfDay } from "../format";
import { Icon } from "../ui/icons";
import { Ladder } from "./ladder";
import { Avatar, Failed, PageHead, PartyLine, Pill, Skeleton } from "../ui/parts";
import { audioVerdict, calleeOf, causeWords, codecName, endedBy, lossShare, outcome, partyName, stateWords, story, talkSeconds } from "../words";

export function Record({ id }: { id: string }): JSX.Element {
  const { store } = useApp();
  const [call, setCall] = useState<Call | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = async (): Promise<void> => {
    setProblem(null);
    try {
      setCall(await store.record(id));
    } catch (error) {
      setProblem(Problem.of(error));
    }
  };
  useEffect(() => void load(), [id]);
  return (
    <>
      <a class="back" href="/records" data-testid="back"><Icon name="back" size={18} /> Records</a>
      {problem && <><PageHead title="Call" /><Failed problem={problem} retry={() => void load()} /></>}
      {!call && !problem && <Skeleton label="the call" />}
      {call && <Detail call={call} />}
    </>
  );
}

function Detail({ call }: { call: Call }): JSX.Element {
  const { words, tone } = outcome(call);
  return (
    <div data-testid="record">
      <PageHead title={`${partyName(call.caller)} to ${partyName(calleeOf(call))}`} text={dateTime(call.started)}>
        <Pill tone={tone} testid="record-outcome">{words}</Pill>
      </PageHead>
      <div class="card facts">
        <p class="facts-story" data-testid="record-story">{story(call)}</p>
        <dl>
          <Fact name="Talked" value={call.answered === null ? "not answered" : duration(talkSeconds(call, call.started))} />
          <Fact name="Rang" value={rang(call)} />
          <Fact name="Dialled" value={call.dialled} />
          {call.transferred && <Fact name="Transferred" value={`by ${call.transferred}`} />}
          <Fact name="Why it ended" value={causeWords(call.cause, call.cause_text)} />
          <Fact name="Ended by" value={endedBy(call) || "–"} />
        </dl>
        <Timeline call={call} />
      </div>
      <h2 class="section">The two sides</h2>
      <div class="legs">
        {call.legs.map((leg) => <LegCard key={leg.leg} leg={leg} />)}
        {call.legs.length === 0 && <p class="hint">Nobody was reached, so there is no audio to tell of.</p>}
      </div>
      <Ladder call={call} />
      <p class="hint">Call <span class="mono">{call.call}</span></p>
    </div>
  );
}

function rang(call: Call): string {
  if (call.ringing === null) return "not at all";
  return duration((call.answered ?? call.ended ?? call.ringing) - call.ringing);
}

export function Fact({ name, value }: { name: string; value: string }): JSX.Element {
  return <div><dt>{name}</dt><dd>{value}</dd></div>;
}

function Timeline({ call }: { call: Call }): JSX.Element {
  const steps: [words: string, at: number | null][] = [
    ["Dialled", call.started], ["Rang", call.ringing], ["Answered", call.answered], ["Ended", call.ended],
  ];
  return (
    <ol class="timeline" aria-label="What happened when">
      {steps.map(([words, at]) => at !== null && (
        <li key={words}>
          <span class="timeline-words">{words}</span>
          <time class="timeline-time">{timeOfDay(at, true)}</time>
        </li>
      ))}
    </ol>
  );
}

export function LegCard({ leg }: { leg: Leg }): JSX.Element {
  const [words, tone] = stateWords(leg.state);
  const verdict = leg.state === "ended" || leg.counters ? audioVerdict(leg) : { words, tone };
  return (
    <section class="card leg" aria-label={`Audio of ${partyName(leg.party)}`} data-testid={`leg-${leg.leg}`}>
      <header class="leg-head">
        <Avatar party={leg.party} />
        <PartyLine party={leg.party} />
        <Pill tone={verdict.tone} testid="audio-verdict">{verdict.words}</Pill>
      </header>
      <dl>
        <Fact name="Phone" value={leg.user_agent ? deviceName(leg.user_agent) : "–"} />
        <Fact name="Address" value={leg.address || "–"} />
        <Fact name="Format" value={codecName(leg.codec) || "–"} />
        {leg.cause && <Fact name="Ended" value={causeWords(leg.cause)} />}
      </dl>
      {leg.counters && <Audio counters={leg.counters} />}
    </section>
  );
}

function Audio({ counters }: { counters: Counters }): JSX.Element {
  const odd = counters.reordered + counters.duplicated + counters.refused;
  return (
    <table class="audio">
      <caption class="hidden">Audio figures</caption>
      <thead><tr><td /><th scope="col">Packets</th><th scope="col">Data</th></tr></thead>
      <tbody>
        <tr><th scope="row">Heard from here</th><td>{counters.received.toLocaleString()}</td><td>{bytes(counters.received_bytes)}</td></tr>
        <tr><th scope="row">Sent to here</th><td>{counters.sent.toLocaleString()}</td><td>{bytes(counters.sent_bytes)}</td></tr>
        <tr><th scope="row">Lost</th><td>{counters.lost.toLocaleString()}</td><td>{`${(lossShare(counters) * 100).toFixed(1)} %`}</td></tr>
        <tr><th scope="row">Jitter</th><td colSpan={2}>{`${counters.jitter.toFixed(1)} ms`}</td></tr>
        {odd > 0 && (
          <tr><th scope="row">Out of order / twice / refused</th><td colSpan={2}>{`${counters.reordered} / ${counters.duplicated} / ${counters.refused}`}</td></tr>
        )}
      </tbody>
    </table>
  );
}
