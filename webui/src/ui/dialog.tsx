/** A modal dialog on the browser's own `<dialog>`: it keeps the focus inside and gives it back. */
import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./parts";

export function Dialog({ title, onClose, children, firm = false, wide = false, testid }: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  /** It shows what is shown only once: a click beside it does not close it. */
  firm?: boolean;
  wide?: boolean;
  testid?: string;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the fields' own effects, so that a field that wants the focus gets it.
  useLayoutEffect(() => {
    const opener = document.activeElement;
    const own = dialog.current;
    if (own && !own.open) own.showModal();
    return () => {
      own?.close();
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={id}
      data-testid={testid}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (!firm && event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <IconButton label="Close" icon="close" onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
