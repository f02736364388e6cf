/** A value to be typed into a phone, with a button that copies it. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

/** The clipboard API exists on HTTPS only; on a plain office network the old command copies a selection. */
async function copy(value: string, shown: HTMLElement): Promise<boolean> {
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard) {
    try {
      await clipboard.writeText(value);
      return true;
    } catch {
      // Refused by the browser: the selection below still works.
    }
  }
  const range = document.createRange();
  range.selectNodeContents(shown);
  const selection = window.getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without HTTPS
  return document.execCommand("copy");
}

export function Copyable({ label, value, testid }: { label: string; value: string; testid?: string }): JSX.Element {
  const shown = useRef<HTMLElement>(null);
  const [state, setState] = useState<"idle" | "done" | "selected">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), 2000);
    return () => clearTimeout(timer);
  }, [state]);
  const words = state === "done" ? "Copied" : state === "selected" ? "Selected" : "Copy";
  return (
    <div class="copyable">
      <span class="copyable-label">{label}</span>
      <code class="copyable-value" ref={shown} data-testid={testid}>{value}</code>
      <button
        type="button"
        class={`copy-button copy-${state}`}
        aria-label={state === "idle" ? `Copy ${label.toLowerCase()}` : `${label}: ${words}`}
        onClick={async () => {
          if (shown.current) setState((await copy(value, shown.current)) ? "done" : "selected");
        }}
      >
        <Icon name={state === "done" ? "check" : "copy"} size={16} />
        <span aria-live="polite">{words}</span>
      </button>
    </div>
  );
}
