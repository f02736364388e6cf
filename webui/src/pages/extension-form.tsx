/** Making an extension, or giving one another name. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Extension, PhoneAccount } from "../api/types";
import { useApp } from "../app";
import { nextNumber } from "../store/reduce";
import { useAction } from "../ui/action";
import { Dialog } from "../ui/dialog";
import { Field, Form } from "../ui/form";
import { Button } from "../ui/parts";
import { checkFilled } from "./claim";

interface Props {
  /** null: a new one. */
  extension: Extension | null;
  onClose: () => void;
  onMade: (extension: Pick<Extension, "number" | "name">, phone: PhoneAccount) => void;
}

/** A number that is taken is told at the number. */
function atNumber(error: unknown): never {
  throw error instanceof Problem && error.status === 409 ? new Problem(409, error.message, { number: error.message }) : error;
}

export function ExtensionForm({ extension, onClose, onMade }: Props): JSX.Element {
  const { store, toasts } = useApp();
  const [number, setNumber] = useState(() => extension?.number ?? nextNumber((store.extensions.value.value ?? []).map((known) => known.number)));
  const [name, setName] = useState(extension?.name ?? "");
  const { problem, busy, run } = useAction();
  const submit = (): Promise<void> => run(async () => {
    checkFilled({ number, name });
    if (extension) {
      await store.renameExtension(extension.number, name.trim());
      toasts.say(`${extension.number} is now ${name.trim()}.`);
      onClose();
    } else {
      const made = { number: number.trim(), name: name.trim() };
      onMade(made, await store.createExtension(made.number, made.name).catch(atNumber));
    }
  });
  return (
    <Dialog title={extension ? `Edit ${extension.number}` : "New extension"} onClose={onClose} testid="extension-dialog">
      <Form problem={problem} known={["number", "name"]} onSubmit={() => void submit()} testid="extension-form">
        {!extension && (
          <Field label="Number" name="number" value={number} onInput={setNumber} error={problem?.fields.number} hint="2 to 6 digits; what people dial." inputMode="numeric" maxLength={6} mono testid="extension-number" />
        )}
        <Field label="Name" name="name" value={name} onInput={setName} error={problem?.fields.name} hint="Shown on the phone that rings." autoFocus placeholder="Anna Adams" maxLength={64} testid="extension-name" />
        <footer class="dialog-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={busy} testid="extension-submit">{extension ? "Save" : "Create"}</Button>
        </footer>
      </Form>
    </Dialog>
  );
}
