/** Is everything well?  Each check in words, with what to do when it is not. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Check, Health } from "../api/types";
import { useApp } from "../app";
import { count, dateTime, moment, span } from "../format";
import { severity, worstOf, type TroubleSeen } from "../store/store";
import { Icon, type IconName } from "../ui/icons";
import { Failed, PageHead, Skeleton } from "../ui/parts";

const REFRESH_MS = 10_000;
const ICONS: Readonly<Record<ReturnType<typeof severity>, IconName>> = { ok: "check", warning: "warning", failed: "close" };
const ORDER = ["failed", "warning", "ok"];

export function HealthPage(): JSX.Element {
  const { store } = useApp();
  const { value: health, problem } = store.health.value;
  useEffect(() => {
    void store.loadHealth();
    const timer = setInterval(() => void store.loadHealth(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <PageHead title="Health" text="What the phone system checks about itself, all the time." />
      {problem && <Failed problem={problem} retry={() => void store.loadHealth()} />}
      {!health && !problem && <Skeleton rows={5} label="health" />}
      {health && (
        <>
          <Banner health={health} />
          <ul class="card rows" aria-label="Checks" data-testid="checks">
            {sorted(health.checks).map((check) => <Row key={check.slug} check={check} now={store.now.peek()} />)}
          </ul>
          <Troubles troubles={store.troubles.value} />
          <About health={health} />
        </>
      )}
    </>
  );
}

function sorted(checks: readonly Check[]): Check[] {
  return [...checks].sort((a, b) => ORDER.indexOf(severity(a.status)) - ORDER.indexOf(severity(b.status)));
}

function Banner({ health }: { health: Health }): JSX.Element {
  const worst = worstOf(health.checks);
  const amount = health.checks.filter((check) => severity(check.status) !== "ok").length;
  const words = worst === "ok" ? "Everything works" : `${count(amount, "thing needs", "things need")} a look`;
  return (
    <section class={`card banner banner-${worst}`} role="status" data-testid="health-banner" data-status={worst}>
      <span class="banner-icon" aria-hidden="true"><Icon name={ICONS[worst]} size={28} /></span>
      <div>
        <h2>{words}</h2>
        <p>{`Running for ${span(health.uptime)}`}</p>
      </div>
    </section>
  );
}

function Row({ check, now }: { check: Check; now: number }): JSX.Element {
  const level = severity(check.status);
  const words = { ok: "works", warning: "warning", failed: "does not work" }[level];
  return (
    <li class={`row check check-${level}`} data-testid={`check-${check.slug}`} data-status={level}>
      <span class="check-icon" role="img" aria-label={words}><Icon name={ICONS[level]} size={18} /></span>
      <div class="check-words">
        <h3>{check.title}</h3>
        <p>{check.text}</p>
      </div>
      {check.since !== null && <span class="check-since" title={dateTime(check.since)}>{`since ${moment(check.since, now)}`}</span>}
    </li>
  );
}

function Troubles({ troubles }: { troubles: readonly TroubleSeen[] }): JSX.Element | null {
  if (troubles.length === 0) return null;
  return (
    <section>
      <h2 class="section">Happened while you were here</h2>
      <ul class="card rows" data-testid="troubles">
        {troubles.map((trouble) => (
          <li key={`${trouble.at} ${trouble.slug} ${trouble.text}`} class="row check check-warning">
            <span class="check-icon" aria-hidden="true"><Icon name="warning" size={18} /></span>
            <div class="check-words"><p>{trouble.text}</p></div>
            <span class="check-since">{moment(trouble.at, trouble.at)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function About({ health }: { health: Health }): JSX.Element {
  const { store } = useApp();
  const site = store.site.value.value;
  const { used, total } = health.ports;
  return (
    <section>
      <h2 class="section">This phone system</h2>
      <div class="card facts">
        <dl>
          <div><dt>Version</dt><dd>{health.version}</dd></div>
          {site && <div><dt>Domain</dt><dd class="mono">{site.domain}</dd></div>}
          {site && <div><dt>Phones connect to</dt><dd class="mono">{site.server}</dd></div>}
          <div>
            <dt>Audio ports in use</dt>
            <dd>
              {`${used.toLocaleString()} of ${total.toLocaleString()}`}
              <meter min={0} max={Math.max(total, 1)} high={total * 0.9} value={used} aria-label="Audio ports in use" />
            </dd>
          </div>
        </dl>
      </div>
    </section>
  );
}
