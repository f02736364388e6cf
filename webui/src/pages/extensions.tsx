/** The office's numbers: made, renamed, given new passwords, deleted and brought back. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { Extension, PhoneAccount } from "../api/types";
import { useApp } from "../app";
import { count, deviceName } from "../format";
import { Avatar, Button, Empty, Failed, IconButton, PageHead, Pill, Skeleton } from "../ui/parts";
import { ExtensionForm } from "./extension-form";
import { NewPassword } from "./new-password";
import { PhoneSetup } from "./phone-setup";

type Open =
  | { dialog: "none" }
  | { dialog: "create" }
  | { dialog: "edit" | "password"; extension: Extension }
  | { dialog: "setup"; extension: Pick<Extension, "number" | "name">; phone: PhoneAccount };

/** From this many on a search box helps more than it disturbs. */
const MANY = 8;

export function Extensions(): JSX.Element {
  const { store } = useApp();
  const [open, setOpen] = useState<Open>({ dialog: "none" });
  const { value: all, problem } = store.extensions.value;
  const create = (): void => setOpen({ dialog: "create" });
  return (
    <>
      <PageHead title="Extensions" text="The numbers people dial inside the office.">
        {all && all.length > 0 && <Button kind="primary" icon="plus" onClick={create} testid="new-extension">New extension</Button>}
      </PageHead>
      {problem && <Failed problem={problem} retry={() => void store.loadExtensions()} />}
      {!all && !problem && <Skeleton label="extensions" />}
      {all?.length === 0 && <NoExtensions create={create} />}
      {all && all.length > 0 && <List all={all} setOpen={setOpen} />}
      <Dialogs open={open} setOpen={setOpen} />
    </>
  );
}

function List({ all, setOpen }: { all: readonly Extension[]; setOpen: (open: Open) => void }): JSX.Element {
  const [wanted, setWanted] = useState("");
  const shown = all.filter((extension) => finds(extension, wanted));
  return (
    <>
      {all.length >= MANY && <Search value={wanted} onInput={setWanted} />}
      {shown.length === 0 && <p class="hint">No extension fits “{wanted}”.</p>}
      {shown.length > 0 && (
        <ul class="card rows" aria-label="Extensions" data-testid="extensions">
          {shown.map((extension) => (
            <Row
              key={extension.number}
              extension={extension}
              onEdit={() => setOpen({ dialog: "edit", extension })}
              onPassword={() => setOpen({ dialog: "password", extension })}
            />
          ))}
        </ul>
      )}
    </>
  );
}

function finds(extension: Extension, wanted: string): boolean {
  const words = wanted.trim().toLowerCase();
  return extension.number.includes(words) || extension.name.toLowerCase().includes(words);
}

function Search({ value, onInput }: { value: string; onInput: (value: string) => void }): JSX.Element {
  return (
    <input
      class="search"
      type="search"
      aria-label="Find an extension"
      placeholder="Find by name or number"
      value={value}
      data-testid="find-extension"
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  );
}

function NoExtensions({ create }: { create: () => void }): JSX.Element {
  return (
    <Empty icon="extensions" title="No extensions yet" testid="no-extensions">
      <p>An extension is a number that people dial, like 1001. Create one for each person, then set up a softphone with the password you get.</p>
      <Button kind="primary" icon="plus" onClick={create} testid="new-extension">Create the first extension</Button>
    </Empty>
  );
}

function Row({ extension, onEdit, onPassword }: { extension: Extension; onEdit: () => void; onPassword: () => void }): JSX.Element {
  const { store, toasts } = useApp();
  const { number, name } = extension;
  const undo = async (revision: number): Promise<void> => {
    try {
      await store.undo(revision);
      toasts.say(`${number} is back.`);
    } catch (error) {
      toasts.fail(Problem.of(error).message);
    }
  };
  const remove = async (): Promise<void> => {
    try {
      const revision = await store.deleteExtension(number);
      toasts.say(`Deleted ${number} ${name}.`, { label: "Undo", run: () => void undo(revision) });
    } catch (error) {
      toasts.fail(Problem.of(error).message);
    }
  };
  return (
    <li class="row" data-testid={`extension-${number}`}>
      <Avatar party={extension} />
      <div class="row-main">
        <span class="row-title">{name || number}</span>
        <span class="row-number">{number}</span>
      </div>
      <Reachable extension={extension} />
      <div class="row-actions">
        <IconButton label={`Edit ${number}`} icon="edit" onClick={onEdit} testid={`edit-${number}`} />
        <IconButton label={`New password for ${number}`} icon="key" onClick={onPassword} testid={`password-${number}`} />
        <IconButton label={`Delete ${number}`} icon="trash" tone="danger" onClick={() => void remove()} testid={`delete-${number}`} />
      </div>
    </li>
  );
}

function Reachable({ extension }: { extension: Extension }): JSX.Element {
  const { store } = useApp();
  const phones = store.phonesByNumber.value.get(extension.number) ?? [];
  const amount = store.phones.value.value ? phones.length : extension.phones;
  if (amount === 0) return <span class="row-state"><Pill tone="quiet">No phone</Pill></span>;
  const names = phones.map((phone) => deviceName(phone.user_agent)).join(", ");
  return (
    <span class="row-state" title={names}>
      <Pill tone="ok">{amount === 1 && phones[0] ? deviceName(phones[0].user_agent) : count(amount, "phone", "phones")}</Pill>
    </span>
  );
}

function Dialogs({ open, setOpen }: { open: Open; setOpen: (open: Open) => void }): JSX.Element | null {
  const close = (): void => setOpen({ dialog: "none" });
  switch (open.dialog) {
    case "none":
      return null;
    case "create":
      return <ExtensionForm extension={null} onClose={close} onMade={(extension, phone) => setOpen({ dialog: "setup", extension, phone })} />;
    case "edit":
      return <ExtensionForm extension={open.extension} onClose={close} onMade={close} />;
    case "password":
      return <NewPassword extension={open.extension} onClose={close} onMade={(phone) => setOpen({ dialog: "setup", extension: open.extension, phone })} />;
    case "setup":
      return <PhoneSetup extension={open.extension} phone={open.phone} onClose={close} />;
  }
}
