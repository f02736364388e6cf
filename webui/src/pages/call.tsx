/** One call that is going on: who, since when, over what, and what was said so far. */
import type { JSX } from "preact";
import type { Call } from "../api/types";
import { useApp } from "../app";
import { dateTime, duration } from "../format";
import { Icon } from "../ui/icons";
import { Empty, Failed, PageHead, Pill, Skeleton } from "../ui/parts";
import { calleeOf, partyName, stateWords } from "../words";
import { Ladder } from "./ladder";
import { Fact, LegCard } from "./record";

export function LiveCall({ id }: { id: string }): JSX.Element {
  const { store } = useApp();
  const { value: calls, problem } = store.calls.value;
  const call = calls?.find((each) => each.call === id);
  return (
    <>
      <a class="back" href="/calls" data-testid="back"><Icon name="back" size={18} /> Calls now</a>
      {problem && <><PageHead title="Call" /><Failed problem={problem} retry={() => void store.loadCalls()} /></>}
      {!calls && !problem && <Skeleton label="the call" />}
      {calls && !call && <Over id={id} />}
      {call && <Going call={call} />}
    </>
  );
}

function Over({ id }: { id: string }): JSX.Element {
  return (
    <Empty icon="calls" title="This call is over" testid="call-over">
      <p>It is written down: see <a href={`/records/${encodeURIComponent(id)}`} data-testid="call-record">its record</a>.</p>
    </Empty>
  );
}

function Going({ call }: { call: Call }): JSX.Element {
  const { store } = useApp();
  const [words, tone] = stateWords(call.state);
  return (
    <div data-testid="live-call">
      <PageHead title={`${partyName(call.caller)} and ${partyName(calleeOf(call))}`} text={`Since ${dateTime(call.started)}`}>
        <Pill tone={tone} testid="live-call-state">{words}</Pill>
      </PageHead>
      <div class="card facts">
        <dl>
          <Fact name={call.answered === null ? "Waiting" : "Talking"} value={duration(store.now.value - (call.answered ?? call.started))} />
          <Fact name="Dialled" value={call.dialled} />
          {call.transferred && <Fact name="Transferred" value={`by ${call.transferred}`} />}
        </dl>
      </div>
      <h2 class="section">The two sides</h2>
      <div class="legs">{call.legs.map((leg) => <LegCard key={leg.leg} leg={leg} />)}</div>
      <Ladder call={call} live />
    </div>
  );
}
