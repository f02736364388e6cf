/** The frame of the pages before one is signed in. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useApp } from "../app";
import { Mark } from "./icons";
import { ThemeButton } from "./shell";

export function Door({ title, text, children }: { title: string; text: ComponentChildren; children: ComponentChildren }): JSX.Element {
  const { store } = useApp();
  useEffect(() => {
    document.title = `${title} · Warden`;
  }, [title]);
  return (
    <div class="door">
      <div class="door-tools"><ThemeButton /></div>
      <main class="door-card">
        <div class="door-brand">
          <Mark size={40} />
          <div class="brand-words">
            <span class="brand-name">Warden</span>
            <span class="brand-office">{store.office.value || "Office phone system"}</span>
          </div>
        </div>
        <h1>{title}</h1>
        <p class="door-text">{text}</p>
        {children}
      </main>
      {store.version.value && <footer class="door-foot">{`Version ${store.version.value}`}</footer>}
    </div>
  );
}
