/** Short messages at the edge of the page, some with one way back. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useApp } from "../app";
import { Icon } from "./icons";

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
  action: { label: string; run: () => void } | null;
}

const PLAIN_MS = 5000;
/** Long enough to read the sentence, see the mistake and reach the button by keyboard. */
const ACTION_MS = 12_000;

export class Toasts {
  readonly shown = signal<readonly Toast[]>([]);
  #next = 1;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(text: string, action: Toast["action"] = null): void {
    this.#show({ id: this.#next++, text, tone: "plain", action });
  }

  fail(text: string): void {
    this.#show({ id: this.#next++, text, tone: "bad", action: null });
  }

  dismiss(id: number): void {
    this.hold(id);
    this.shown.value = this.shown.value.filter((toast) => toast.id !== id);
  }

  /** A toast that is looked at stays. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  release(toast: Toast): void {
    this.hold(toast.id);
    this.#timers.set(toast.id, setTimeout(() => this.dismiss(toast.id), toast.action ? ACTION_MS : PLAIN_MS));
  }

  #show(toast: Toast): void {
    this.shown.value = [...this.shown.value.slice(-2), toast];
    this.release(toast);
  }
}

export function ToastArea(): JSX.Element {
  const { toasts } = useApp();
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.shown.value.map((toast) => (
        <div
          key={toast.id}
          class={`toast toast-${toast.tone}`}
          data-testid="toast"
          onMouseEnter={() => toasts.hold(toast.id)}
          onMouseLeave={() => toasts.release(toast)}
          onFocusCapture={() => toasts.hold(toast.id)}
          onBlurCapture={() => toasts.release(toast)}
        >
          <Icon name={toast.tone === "bad" ? "warning" : "check"} size={18} />
          <span>{toast.text}</span>
          {toast.action && (
            <button
              type="button"
              class="toast-action"
              data-testid="toast-action"
              onClick={() => {
                toast.action?.run();
                toasts.dismiss(toast.id);
              }}
            >
              {toast.action.label}
            </button>
          )}
          <button type="button" class="toast-close" aria-label="Dismiss" onClick={() => toasts.dismiss(toast.id)}>
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}
