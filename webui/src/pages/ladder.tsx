/** What was said in a call: who sent what to whom, when, and how the audio went meanwhile. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Call, Leg, Trace, TraceMessage } from "../api/types";
import { useApp } from "../app";
import { heardWords, type Lane, lanes, nameOfLeg, offset, type Rung, rungs, way } from "../ladder";
import { Button, Failed, Notice } from "../ui/parts";

const AGAIN = 2000; // milliseconds between two looks at a call that is up

/** `live`: shown at once, and again as the call goes on. */
export function Ladder({ call, live = false }: { call: Call; live?: boolean }): JSX.Element {
  const { store } = useApp();
  const [trace, setTrace] = useState<Trace | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      setProblem(null);
    } catch (error) {
      setProblem(Problem.of(error));
    }
  };
  const waiting = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    await attempt(work);
    setBusy(false);
  };
  const load = async (): Promise<void> => setTrace(await store.trace(call.call));
  const save = (kind: "txt" | "pcap"): Promise<void> =>
    waiting(async () => offer(await store.traceFile(call.call, kind), `call-${call.call}.${kind}`));
  useEffect(() => {
    if (!live) return undefined;
    void attempt(load);
    const timer = setInterval(() => {
      if (!document.hidden) void attempt(load);
    }, AGAIN);
    return () => clearInterval(timer);
  }, [call.call, live]);
  return (
    <section data-testid="ladder">
      <h2 class="section">What was said</h2>
      {problem && <Failed problem={problem} retry={() => void waiting(load)} />}
      {!trace && !problem && !live && <Button icon="calls" busy={busy} onClick={() => void waiting(load)} testid="ladder-show">Show the SIP messages</Button>}
      {trace && (
        <>
          <Notice tone="quiet" testid="ladder-verdict">{trace.verdict}</Notice>
          <Rungs trace={trace} legs={call.legs} />
          <p class="buttons">
            <Button busy={busy} onClick={() => void save("txt")} testid="ladder-txt">As text</Button>
            <Button busy={busy} onClick={() => void save("pcap")} testid="ladder-pcap">As capture file</Button>
          </p>
        </>
      )}
    </section>
  );
}

function Rungs({ trace, legs }: { trace: Trace; legs: Leg[] }): JSX.Element {
  const columns = lanes(trace.messages, legs);
  return (
    <div class="ladder card">
      <svg class="ladder-tip" aria-hidden="true">
        <marker id="ladder-tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
          <path d="M0 0 8 4 0 8z" />
        </marker>
      </svg>
      <div class="ladder-names" aria-hidden="true">
        {columns.map(({ peer, name }) => <span key={peer} title={peer}>{name}</span>)}
      </div>
      <ol aria-label="SIP messages and audio">
        {rungs(trace, legs).map((rung, index) => (
          <li key={index}>
            {rung.kind === "message" ? <Message message={rung.message} columns={columns} /> : <Audio rung={rung} legs={legs} />}
          </li>
        ))}
      </ol>
    </div>
  );
}

function Message({ message, columns }: { message: TraceMessage; columns: Lane[] }): JSX.Element {
  const { title, peer, transport } = message;
  const told = `${title}${message.audio ? " · audio" : ""}${message.repeated ? " · again" : ""}`;
  return (
    <details>
      <summary class={message.repeated ? "rung rung-again" : "rung"} title={`${peer} by ${transport}, CSeq ${message.cseq}`}>
        <span class="mono rung-time">{offset(message.at)}</span>
        <span class="hidden">{message.sent ? `Warden to ${peer}` : `${peer} to Warden`}: {told}</span>
        <Arrow words={told} ends={way(message, columns)} count={columns.length} />
      </summary>
      <pre class="mono rung-text">{message.text}</pre>
    </details>
  );
}

function Arrow({ words, ends: [from, to], count }: { words: string; ends: readonly [number, number]; count: number }): JSX.Element {
  const x = (column: number): string => `${((column + 0.5) / count) * 100}%`;
  const short = words.length > 26 ? `${words.slice(0, 25)}…` : words;
  return (
    <svg class="rung-lanes" aria-hidden="true">
      {Array.from({ length: count }, (_, column) => <line key={column} class="rung-life" x1={x(column)} x2={x(column)} y1="0" y2="100%" />)}
      <line class="rung-line" x1={x(from)} x2={x(to)} y1="27" y2="27" marker-end="url(#ladder-tip)" />
      <text class="rung-title" x={x((from + to) / 2)} y="19" text-anchor="middle">{short}</text>
    </svg>
  );
}

function Audio({ rung, legs }: { rung: Extract<Rung, { kind: "audio" }>; legs: Leg[] }): JSX.Element {
  return (
    <details data-testid="ladder-audio">
      <summary class="rung rung-audio">
        <span class="mono rung-time">{offset(rung.at)}</span>
        <span>{rung.heard.map((heard) => <span class="rung-heard" key={heard.name}>{heardWords(heard)}</span>)}</span>
      </summary>
      <table class="audio rung-figures">
        <caption class="hidden">Audio figures since the call began</caption>
        <thead><tr><th scope="col">When</th><th scope="col">From</th><th scope="col">Heard</th><th scope="col">Lost</th><th scope="col">Jitter</th></tr></thead>
        <tbody>
          {rung.samples.map((sample) => (
            <tr key={`${sample.at} ${sample.leg}`}>
              <th scope="row">{offset(sample.at)}</th>
              <td>{nameOfLeg(sample.leg, legs)}</td>
              <td>{sample.received.toLocaleString()}</td>
              <td>{sample.lost.toLocaleString()}</td>
              <td>{`${sample.jitter.toFixed(1)} ms`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** Hands a file to the browser's downloads. */
function offer(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
