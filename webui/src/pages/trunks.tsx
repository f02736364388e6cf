/** The lines to carriers, as they were measured: nothing is called up that has not answered. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Trunk } from "../api/types";
import { useApp } from "../app";
import { count, moment } from "../format";
import { Empty, Failed, PageHead, Pill, Skeleton } from "../ui/parts";
import type { Tone } from "../words";

const REFRESH_MS = 10_000;

const STATES: Record<Trunk["state"], { tone: Tone; words: string }> = {
  up: { tone: "ok", words: "Up" },
  trying: { tone: "warn", words: "Trying" },
  down: { tone: "bad", words: "Down" },
  unknown: { tone: "warn", words: "Not found" },
};

export function Trunks(): JSX.Element {
  const { store } = useApp();
  const { value: trunks, problem } = store.trunks.value;
  useEffect(() => {
    void store.loadTrunks();
    const timer = setInterval(() => void store.loadTrunks(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <PageHead title="Trunks" text="The lines to carriers and other phone systems, as they are at this moment." />
      {problem && <Failed problem={problem} retry={() => void store.loadTrunks()} />}
      {!trunks && !problem && <Skeleton rows={2} label="trunks" />}
      {trunks?.length === 0 && (
        <Empty icon="trunks" title="No trunks yet" testid="no-trunks">
          <p>Calls stay in the house. A carrier is written into the office’s document: <code>warden export</code>, add it under <code>trunks:</code>, <code>warden import</code>.</p>
        </Empty>
      )}
      {trunks && trunks.length > 0 && (
        <ul class="card rows" aria-label="Trunks" data-testid="trunks">
          {trunks.map((trunk) => <Row key={trunk.name} trunk={trunk} />)}
        </ul>
      )}
    </>
  );
}

function Row({ trunk }: { trunk: Trunk }): JSX.Element {
  const { store } = useApp();
  const state = STATES[trunk.state];
  const calls = trunk.channels ? `${trunk.calls} of ${count(trunk.channels, "call", "calls")}` : count(trunk.calls, "call", "calls");
  return (
    <li class="row row-phone" data-testid={`trunk-${trunk.name}`}>
      <div class="row-main">
        <span class="row-title">{trunk.name}</span>
        <span class="row-fact-sub mono">{trunk.address}</span>
      </div>
      <div class="row-fact">
        <span class="row-fact-main">{calls}</span>
        <span class="row-fact-sub">{heard(trunk, store.now.value)}</span>
      </div>
      <div class="row-fact row-fact-end">
        <Pill tone={state.tone}>{state.words}</Pill>
        <span class="row-fact-sub">{trunk.text}</span>
      </div>
    </li>
  );
}

/** When it last answered a question of ours, and how fast. */
export function heard(trunk: Pick<Trunk, "heard" | "delay">, now: number): string {
  if (!trunk.heard) return "has not answered yet";
  return `answered ${moment(trunk.heard, now)}, in ${Math.max(1, Math.round(trunk.delay * 1000))} ms`;
}
