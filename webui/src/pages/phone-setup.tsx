/** How to point a softphone at an extension: shown once, with the password, until the phone is there. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Extension, PhoneAccount } from "../api/types";
import { useApp } from "../app";
import { deviceName } from "../format";
import { Copyable } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icons";
import { Button, Notice } from "../ui/parts";
import { Qr } from "../ui/qr";

interface Props {
  extension: Pick<Extension, "number" | "name">;
  phone: PhoneAccount;
  onClose: () => void;
}

export function PhoneSetup({ extension, phone, onClose }: Props): JSX.Element {
  return (
    <Dialog title={`Set up a phone for ${extension.number}`} onClose={onClose} firm wide testid="phone-setup">
      <Notice tone="warn"><p>This password is shown only now. If it gets lost, make a new one.</p></Notice>
      <div class="setup">
        <div class="setup-values">
          <Copyable label="Username" value={phone.username} testid="phone-username" />
          <Copyable label="Password" value={phone.password} testid="phone-password" />
          <Copyable label="Domain" value={phone.domain} testid="phone-domain" />
          <Copyable label="Server" value={phone.server} testid="phone-server" />
          <Copyable label="Transport" value={phone.transport.toUpperCase()} testid="phone-transport" />
        </div>
        {phone.qr_svg && (
          <figure class="setup-qr">
            <Qr svg={phone.qr_svg} label={`QR code with the account of extension ${extension.number}`} />
            <figcaption>For the app Grandstream Wave. Other softphones: enter the values.</figcaption>
          </figure>
        )}
      </div>
      <HowTo phone={phone} />
      <footer class="dialog-foot dialog-foot-apart">
        <Arrival number={extension.number} />
        <Button kind="primary" onClick={onClose} testid="phone-setup-done">Done</Button>
      </footer>
    </Dialog>
  );
}

/** Tells, live, when the phone that is being set up registers: one that is new, or took up its registration again. */
function Arrival({ number }: { number: string }): JSX.Element {
  const { store } = useApp();
  const phones = store.phonesByNumber.value.get(number) ?? [];
  const [before] = useState(() => new Map(phones.map((phone) => [phone.contact, phone.expires])));
  const arrived = phones.find((phone) => phone.expires > (before.get(phone.contact) ?? 0) + 1);
  if (arrived) {
    return (
      <p class="arrival arrival-here" role="status" data-testid="phone-arrived">
        <Icon name="check" size={18} />
        <span>{`${deviceName(arrived.user_agent)} is registered`}</span>
      </p>
    );
  }
  return (
    <p class="arrival" role="status">
      <span class="spinner" aria-hidden="true" />
      <span>Waiting for the phone to register …</span>
    </p>
  );
}

function HowTo({ phone }: { phone: PhoneAccount }): JSX.Element {
  return (
    <div class="howto">
      <h3>How to enter it</h3>
      <details name="howto" open>
        <summary>Any softphone or desk phone</summary>
        <ol>
          <li>Add a <b>SIP account</b> by hand (“manual”, “advanced” or “own provider”).</li>
          <li>Copy the <b>username</b>, the <b>password</b> and the <b>domain</b> from above. “Authentication name” is the username too.</li>
          <li>Where it asks for a proxy or registrar, give the <b>server</b>; as transport choose <b>{phone.transport.toUpperCase()}</b>.</li>
          <li>Save. As soon as it registers, it shows here. Dial <b>*43</b> to hear yourself.</li>
        </ol>
      </details>
      <details name="howto">
        <summary>Linphone</summary>
        <ol>
          <li>Choose “Use a SIP account” or “Third-party SIP account”.</li>
          <li>Enter username, password and domain; set the transport to {phone.transport.toUpperCase()}.</li>
          <li>If server and domain differ, put <code>{`sip:${phone.server}`}</code> as proxy in the account’s advanced settings.</li>
        </ol>
      </details>
      <details name="howto">
        <summary>MicroSIP</summary>
        <ol>
          <li>Menu → “Add account”.</li>
          <li>SIP server: <code>{phone.server}</code>; username and login: <code>{phone.username}</code>; domain: <code>{phone.domain}</code>.</li>
          <li>Paste the password and save.</li>
        </ol>
      </details>
    </div>
  );
}
