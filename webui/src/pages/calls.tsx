/** Calls that are going on, as they happen. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Call, Party } from "../api/types";
import { useApp } from "../app";
import { count, dateTime, duration, timeOfDay } from "../format";
import { useAction } from "../ui/action";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icons";
import { Avatar, Button, Empty, Failed, Notice, PageHead, PartyLine, Pill, Skeleton } from "../ui/parts";
import { calleeOf, codecName, partyName, stateWords } from "../words";

export function Calls(): JSX.Element {
  const { store } = useApp();
  const [ending, setEnding] = useState<string | null>(null);
  const { value: calls, problem } = store.calls.value;
  const wanted = calls?.find((call) => call.call === ending);
  return (
    <>
      <PageHead title="Calls now" text={calls?.length ? `${count(calls.length, "call is", "calls are")} going on.` : "Who talks to whom at this moment."} />
      {problem && <Failed problem={problem} retry={() => void store.loadCalls()} />}
      {!calls && !problem && <Skeleton rows={2} label="calls" />}
      {calls?.length === 0 && <NoCalls />}
      {calls && calls.length > 0 && (
        <ul class="calls" aria-label="Calls now" data-testid="calls">
          {calls.map((call) => <CallCard key={call.call} call={call} onHangUp={() => setEnding(call.call)} />)}
        </ul>
      )}
      {wanted && <HangUp call={wanted} onClose={() => setEnding(null)} />}
    </>
  );
}

function NoCalls(): JSX.Element {
  const { store } = useApp();
  const phones = store.phones.value.value;
  return (
    <Empty icon="calls" title="Nobody is on the phone" testid="no-calls">
      {phones?.length === 0
        ? <p>No phone is registered yet, so nobody can call. <a href="/phones">See how to set one up</a>.</p>
        : <p>Calls show up here while they ring. To try it, dial <b>*43</b> on a registered phone: you hear yourself. Finished calls are in the <a href="/records">records</a>.</p>}
    </Empty>
  );
}

function CallCard({ call, onHangUp }: { call: Call; onHangUp: () => void }): JSX.Element {
  const { store } = useApp();
  const [words, tone] = stateWords(call.state);
  const seconds = store.now.value - (call.answered ?? call.started);
  const codecs = [...new Set(call.legs.map((leg) => codecName(leg.codec)).filter(Boolean))].join(" / ");
  const callee = calleeOf(call);
  return (
    <li class={`card call call-${call.state}`} data-testid={`call-${call.call}`} data-state={call.state} aria-label={`${partyName(call.caller)} and ${partyName(callee)}`}>
      <div class="call-parties">
        <Side party={call.caller} />
        <div class="call-middle">
          <span class="call-time" role="timer" aria-label="Duration" data-testid="call-duration">{duration(seconds)}</span>
          <span class="call-line" aria-hidden="true"><i /><i /><i /></span>
          <Pill tone={tone} testid="call-state">{words}</Pill>
        </div>
        <Side party={callee} />
      </div>
      <div class="call-foot">
        <span class="call-facts">
          <span title={dateTime(call.started)}>{`Started ${timeOfDay(call.started, true)}`}</span>
          {call.dialled !== callee.number && <span>{`Dialled ${call.dialled}`}</span>}
          {codecs && <span>{codecs}</span>}
        </span>
        <a class="call-more" href={`/calls/${encodeURIComponent(call.call)}`} data-testid="call-more">Look into it</a>
        <Button kind="danger" icon="hangup" onClick={onHangUp} testid="hang-up">Hang up</Button>
      </div>
    </li>
  );
}

function Side({ party }: { party: Party }): JSX.Element {
  return (
    <div class="call-side">
      <Avatar party={party} size="large" />
      <PartyLine party={party} />
    </div>
  );
}

function HangUp({ call, onClose }: { call: Call; onClose: () => void }): JSX.Element {
  const { store, toasts } = useApp();
  const { problem, busy, run } = useAction();
  const end = (): Promise<void> => run(async () => {
    await store.hangUp(call.call);
    toasts.say(`Hung up ${partyName(call.caller)} and ${partyName(calleeOf(call))}.`);
    onClose();
  });
  return (
    <Dialog title="Hang up this call?" onClose={onClose} testid="hang-up-dialog">
      {problem && <Notice tone="bad"><p>{problem.message}</p></Notice>}
      <p class="hang-up-who">
        <b>{partyName(call.caller)}</b> <Icon name="arrow" size={16} /> <b>{partyName(calleeOf(call))}</b>
      </p>
      <p>The call ends for both at once.</p>
      <footer class="dialog-foot">
        <Button onClick={onClose}>Let them talk</Button>
        <Button kind="danger" icon="hangup" busy={busy} onClick={() => void end()} testid="hang-up-confirm">Hang up</Button>
      </footer>
    </Dialog>
  );
}
