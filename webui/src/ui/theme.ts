/** Light, dark, or as the system says; kept in this browser. */
import { effect, signal } from "@preact/signals";

export type ThemeName = "auto" | "light" | "dark";

const KEY = "warden-theme";
const ORDER: readonly ThemeName[] = ["auto", "light", "dark"];

export class Theme {
  readonly name;

  constructor(root: HTMLElement, storage: Storage) {
    this.name = signal(ORDER.find((name) => name === storage.getItem(KEY)) ?? "auto");
    effect(() => {
      if (this.name.value === "auto") delete root.dataset.theme;
      else root.dataset.theme = this.name.value;
      storage.setItem(KEY, this.name.value);
    });
  }

  next(): void {
    this.name.value = ORDER[(ORDER.indexOf(this.name.value) + 1) % ORDER.length] ?? "auto";
  }
}
