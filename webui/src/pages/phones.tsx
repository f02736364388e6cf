/** Which phones are registered at this moment, and where. */
import type { JSX } from "preact";
import type { Phone } from "../api/types";
import { useApp } from "../app";
import { count, dateTime, deviceName, moment, span } from "../format";
import { Copyable } from "../ui/copy";
import { Avatar, Empty, Failed, PageHead, Pill, Skeleton } from "../ui/parts";

export function Phones(): JSX.Element {
  const { store } = useApp();
  const { value: phones, problem } = store.phones.value;
  return (
    <>
      <PageHead title="Phones" text={phones?.length ? `${count(phones.length, "phone is", "phones are")} registered and can be called.` : "Phones that are registered now."} />
      {problem && <Failed problem={problem} retry={() => void store.loadPhones()} />}
      {!phones && !problem && <Skeleton label="phones" />}
      {phones?.length === 0 && <NoPhones />}
      {phones && phones.length > 0 && (
        <ul class="card rows" aria-label="Registered phones" data-testid="phones">
          {phones.map((phone) => <Row key={`${phone.extension} ${phone.contact} ${phone.address}`} phone={phone} />)}
        </ul>
      )}
    </>
  );
}

function Row({ phone }: { phone: Phone }): JSX.Element {
  const { store } = useApp();
  const now = store.now.value;
  const left = phone.expires - now;
  return (
    <li class="row row-phone" data-testid={`phone-${phone.extension}`}>
      <Avatar party={{ name: phone.name, number: phone.extension }} />
      <div class="row-main">
        <span class="row-title">{phone.name || phone.extension}</span>
        <span class="row-number">{phone.extension}</span>
      </div>
      <div class="row-fact">
        <span class="row-fact-main">{deviceName(phone.user_agent)}</span>
        <span class="row-fact-sub mono">{`${phone.transport.toUpperCase()} ${phone.address}`}</span>
      </div>
      <div class="row-fact row-fact-end" title={`Registered ${dateTime(phone.since)}; valid until ${dateTime(phone.expires)}`}>
        <Pill tone={left > 0 ? "ok" : "warn"}>{left > 0 ? "Registered" : "About to expire"}</Pill>
        <span class="row-fact-sub">{`since ${moment(phone.since, now)}`}{left > 0 && <span>{`, renews within ${span(left)}`}</span>}</span>
      </div>
    </li>
  );
}

function NoPhones(): JSX.Element {
  const { store } = useApp();
  const site = store.site.value.value;
  const none = store.extensions.value.value?.length === 0;
  return (
    <Empty icon="phones" title="No phones yet" testid="no-phones">
      {none
        ? <p>First <a href="/extensions">create an extension</a>; it comes with the password that a phone needs.</p>
        : <p>Set up a softphone with an extension’s number and password. No password at hand? Make a new one on the page <a href="/extensions">Extensions</a>.</p>}
      {site && (
        <div class="empty-values">
          <Copyable label="Server" value={site.server} testid="site-server" />
          <Copyable label="Domain" value={site.domain} testid="site-domain" />
          <Copyable label="Transport" value={site.transports.map((name) => name.toUpperCase()).join(", ")} />
        </div>
      )}
      <p class="hint">A phone shows up here the moment it registers.</p>
    </Empty>
  );
}
