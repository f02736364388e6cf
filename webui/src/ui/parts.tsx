/** The small pieces that every page is made of. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../api/problem";
import type { Party } from "../api/types";
import { initials, tint } from "../format";
import type { Tone } from "../words";
import { partyName } from "../words";
import { Icon, type IconName } from "./icons";

export type ButtonKind = "primary" | "plain" | "quiet" | "danger";

interface ButtonProps {
  children: ComponentChildren;
  kind?: ButtonKind;
  icon?: IconName;
  type?: "button" | "submit";
  busy?: boolean;
  disabled?: boolean;
  wide?: boolean;
  onClick?: () => void;
  testid?: string;
}

export function Button({ children, kind = "plain", icon, type = "button", busy = false, disabled = false, wide = false, onClick, testid }: ButtonProps): JSX.Element {
  return (
    <button
      type={type}
      class={`button button-${kind}${wide ? " button-wide" : ""}`}
      disabled={disabled}
      aria-disabled={busy}
      aria-busy={busy}
      data-testid={testid}
      onClick={() => {
        if (!busy) onClick?.();
      }}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} size={18} />}
      <span>{children}</span>
    </button>
  );
}

export function IconButton({ label, icon, onClick, tone = "plain", testid }: {
  label: string;
  icon: IconName;
  onClick: () => void;
  tone?: "plain" | "danger";
  testid?: string;
}): JSX.Element {
  return (
    <button type="button" class={`icon-button icon-button-${tone}`} aria-label={label} title={label} data-testid={testid} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

export function Pill({ tone, children, testid }: { tone: Tone; children: ComponentChildren; testid?: string }): JSX.Element {
  return (
    <span class={`pill pill-${tone}`} data-testid={testid}>
      <span class="dot" aria-hidden="true" />
      {children}
    </span>
  );
}

export function Avatar({ party, size = "normal" }: { party: Pick<Party, "name" | "number">; size?: "normal" | "large" }): JSX.Element {
  return (
    <span class={`avatar avatar-${size} tint-${tint(party.number)}`} aria-hidden="true">
      {initials(party.name, party.number)}
    </span>
  );
}

export function PartyLine({ party }: { party: Party }): JSX.Element {
  return (
    <span class="party">
      <span class="party-name">{partyName(party)}</span>
      {party.name && party.number && <span class="party-number">{party.number}</span>}
    </span>
  );
}

/** The page's heading: takes the focus when the page is opened, so that a screen reader says where one is. */
export function PageHead({ title, text, children }: { title: string; text?: ComponentChildren; children?: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Warden`;
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <header class="page-head">
      <div class="page-title">
        <h1 tabIndex={-1} ref={heading}>{title}</h1>
        {text && <p>{text}</p>}
      </div>
      {children && <div class="page-actions">{children}</div>}
    </header>
  );
}

export function Empty({ icon, title, children, testid }: { icon: IconName; title: string; children: ComponentChildren; testid?: string }): JSX.Element {
  return (
    <section class="empty" data-testid={testid}>
      <span class="empty-icon" aria-hidden="true">
        <Icon name={icon} size={30} />
      </span>
      <h2>{title}</h2>
      <div class="empty-text">{children}</div>
    </section>
  );
}

export function Skeleton({ rows = 4, label }: { rows?: number; label: string }): JSX.Element {
  return (
    <div class="card skeleton" role="status" aria-label={`Loading ${label}`}>
      {Array.from({ length: rows }, (_, row) => (
        <div class="skeleton-row" key={row}>
          <span class="bone bone-round" />
          <span class="bone bone-name" />
          <span class="bone bone-text" />
        </div>
      ))}
    </div>
  );
}

export function Notice({ tone, children, testid }: { tone: Tone; children: ComponentChildren; testid?: string }): JSX.Element {
  return (
    <div class={`notice notice-${tone}`} role={tone === "bad" ? "alert" : undefined} data-testid={testid}>
      <Icon name={tone === "bad" || tone === "warn" ? "warning" : "info"} />
      <div>{children}</div>
    </div>
  );
}

/** A list that could not be fetched: the words, and a way to try again. */
export function Failed({ problem, retry }: { problem: Problem; retry: () => void }): JSX.Element {
  return (
    <Notice tone="bad" testid="problem">
      <p>{problem.message}</p>
      {problem.status !== 404 && <Button onClick={retry}>Try again</Button>}
    </Notice>
  );
}
