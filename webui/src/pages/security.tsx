/** Who is kept out: bans, which can be lifted, and who was refused lately and why. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Ban, Refusal, Refused } from "../api/types";
import { useApp } from "../app";
import { count, dateTime, duration, moment } from "../format";
import { guesses, reasonWords } from "../security";
import { useAction } from "../ui/action";
import { Dialog } from "../ui/dialog";
import { Button, Empty, Failed, Notice, PageHead, Pill, Skeleton } from "../ui/parts";

const REFRESH_MS = 5000;

export function SecurityPage(): JSX.Element {
  const { store } = useApp();
  const [lifting, setLifting] = useState<Ban | null>(null);
  const { value: security, problem } = store.security.value;
  useEffect(() => {
    void store.loadSecurity();
    const timer = setInterval(() => void store.loadSecurity(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const bans = security?.bans.filter((ban) => ban.until > store.now.value) ?? [];
  return (
    <>
      <PageHead title="Security" text="Who may not sign in, and whose messages were refused." />
      {problem && <Failed problem={problem} retry={() => void store.loadSecurity()} />}
      {!security && !problem && <Skeleton rows={3} label="bans" />}
      {security && (
        <>
          <h2 class="section">Bans</h2>
          {bans.length === 0
            ? <p class="hint" data-testid="no-bans">Nobody is banned. Five wrong passwords within a minute ban an account at that address, for a while.</p>
            : (
              <ul class="card rows" aria-label="Bans" data-testid="bans">
                {bans.map((ban) => <BanRow key={`${ban.address} ${ban.account}`} ban={ban} onLift={() => setLifting(ban)} />)}
              </ul>
            )}
          <Refusals refused={security.refused} />
        </>
      )}
      {lifting && <Lift ban={lifting} onClose={() => setLifting(null)} />}
    </>
  );
}

function BanRow({ ban, onLift }: { ban: Ban & { until: number }; onLift: () => void }): JSX.Element {
  const { store } = useApp();
  return (
    <li class="row" data-testid={`ban-${ban.address}-${ban.account}`}>
      <div class="row-fact">
        <span class="row-fact-main mono">{ban.address}</span>
        <span class="row-fact-sub">{`as ${ban.account}`}</span>
      </div>
      <Pill tone="bad">{`${duration(ban.until - store.now.value)} left`}</Pill>
      <Button onClick={onLift} testid="lift">Lift</Button>
    </li>
  );
}

function Lift({ ban, onClose }: { ban: Ban; onClose: () => void }): JSX.Element {
  const { store, toasts } = useApp();
  const { problem, busy, run } = useAction();
  const lift = (): Promise<void> => run(async () => {
    await store.liftBan(ban);
    toasts.say(`${ban.account} may sign in from ${ban.address} again.`);
    onClose();
  });
  return (
    <Dialog title="Lift this ban?" onClose={onClose} testid="lift-dialog">
      {problem && <Notice tone="bad"><p>{problem.message}</p></Notice>}
      <p><b>{ban.account}</b> may try to sign in from <b class="mono">{ban.address}</b> again at once. If the phone there still has a wrong password, it is soon banned anew: correct that first.</p>
      <footer class="dialog-foot">
        <Button onClick={onClose}>Leave it banned</Button>
        <Button kind="primary" busy={busy} onClick={() => void lift()} testid="lift-confirm">Lift the ban</Button>
      </footer>
    </Dialog>
  );
}

function Refusals({ refused }: { refused: Refused }): JSX.Element {
  const { passwords, scanners, strangers } = guesses(refused);
  if (refused.items.length === 0) {
    return <Empty icon="security" title="Nothing was refused" testid="no-refusals"><p>Wrong passwords, scanners and broken messages show up here.</p></Empty>;
  }
  return (
    <section>
      <h2 class="section">Refused lately</h2>
      <div class="card facts" data-testid="refused-totals">
        <dl>
          <div><dt>Wrong passwords</dt><dd>{passwords.toLocaleString()}</dd></div>
          <div><dt>Messages of scanners</dt><dd data-testid="scanners">{scanners.toLocaleString()}</dd></div>
          <div><dt>Of other strangers</dt><dd>{strangers.toLocaleString()}</dd></div>
        </dl>
        <p class="hint">Since the phone system was started.</p>
      </div>
      <ul class="card rows" aria-label="Refused lately" data-testid="refusals">
        {refused.items.map((refusal) => <Row key={`${refusal.address} ${refusal.reason}`} refusal={refusal} />)}
      </ul>
    </section>
  );
}

function Row({ refusal }: { refusal: Refusal }): JSX.Element {
  const { store } = useApp();
  const [words, tone] = reasonWords(refusal.reason);
  return (
    <li class="row row-refusal" data-testid={`refusal-${refusal.address}-${refusal.reason}`}>
      <div class="row-fact">
        <span class="row-fact-main mono">{refusal.address}</span>
        {refusal.detail && <span class="row-fact-sub">{refusal.detail}</span>}
      </div>
      <div class="row-fact row-fact-end" title={`First ${dateTime(refusal.first)}`}>
        <Pill tone={tone}>{words}</Pill>
        <span class="row-fact-sub">{`${count(refusal.count, "message", "messages")}, last ${moment(refusal.last, store.now.value)}`}</span>
      </div>
    </li>
  );
}
