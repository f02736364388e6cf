/** What was said in a call: who sent what to whom, and when. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Trace, TraceMessage } from "../api/types";
import { useApp } from "../app";
import { Button, Failed, Notice } from "../ui/parts";
import { Icon } from "../ui/icons";

export function Ladder({ call }: { call: string }): JSX.Element {
  const { store } = useApp();
  const [trace, setTrace] = useState<Trace | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(Problem.of(error));
    }
    setBusy(false);
  };
  const load = (): Promise<void> => attempt(async () => setTrace(await store.trace(call)));
  const save = (kind: "txt" | "pcap"): Promise<void> => attempt(async () => offer(await store.traceFile(call, kind), `call-${call}.${kind}`));
  return (
    <section data-testid="ladder">
      <h2 class="section">What was said</h2>
      {problem && <Failed problem={problem} retry={() => void load()} />}
      {!trace && !problem && <Button icon="calls" busy={busy} onClick={() => void load()} testid="ladder-show">Show the SIP messages</Button>}
      {trace && (
        <>
          <Notice tone="quiet" testid="ladder-verdict">{trace.verdict}</Notice>
          <ol class="ladder card" aria-label="SIP messages">
            {trace.messages.map((message, index) => <Rung key={index} message={message} />)}
          </ol>
          <p class="buttons">
            <Button busy={busy} onClick={() => void save("txt")} testid="ladder-txt">As text</Button>
            <Button busy={busy} onClick={() => void save("pcap")} testid="ladder-pcap">As capture file</Button>
          </p>
        </>
      )}
    </section>
  );
}

function Rung({ message }: { message: TraceMessage }): JSX.Element {
  const way = message.sent ? `Warden to ${message.peer}` : `${message.peer} to Warden`;
  return (
    <li>
      <details>
        <summary class={message.sent ? "rung rung-sent" : "rung"}>
          <span class="mono rung-time">{`+${message.at.toFixed(1)} ms`}</span>
          <span class="mono rung-peer">{message.peer}</span>
          <span class="rung-arrow" title={way}><Icon name="back" size={16} /></span>
          <span class="rung-title">{message.title}{message.audio && " · audio"}{message.repeated && " · again"}</span>
        </summary>
        <pre class="mono rung-text">{message.text}</pre>
      </details>
    </li>
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
