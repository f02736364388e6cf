/** A new phone password for an extension, asked for twice since it locks out the phones that use the old one. */
import type { JSX } from "preact";
import type { Extension, PhoneAccount } from "../api/types";
import { useApp } from "../app";
import { useAction } from "../ui/action";
import { Dialog } from "../ui/dialog";
import { Button, Notice } from "../ui/parts";

interface Props {
  extension: Extension;
  onClose: () => void;
  onMade: (phone: PhoneAccount) => void;
}

export function NewPassword({ extension, onClose, onMade }: Props): JSX.Element {
  const { store } = useApp();
  const { problem, busy, run } = useAction();
  const make = (): Promise<void> => run(async () => onMade(await store.newPassword(extension.number)));
  return (
    <Dialog title={`New password for ${extension.number}?`} onClose={onClose} testid="password-dialog">
      {problem && <Notice tone="bad"><p>{problem.message}</p></Notice>}
      <p>
        You get a new password and a QR code to set up a phone for {extension.name || extension.number}. Phones that use the
        old password stop working until they get the new one.
      </p>
      <footer class="dialog-foot">
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="primary" icon="key" busy={busy} onClick={() => void make()} testid="password-confirm">Make a new password</Button>
      </footer>
    </Dialog>
  );
}
