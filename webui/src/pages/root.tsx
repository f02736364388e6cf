/** Which page is shown: by the gate first, then by the address. */
import type { JSX } from "preact";
import { useApp } from "../app";
import { Icon, Mark } from "../ui/icons";
import { Empty, PageHead } from "../ui/parts";
import { Shell } from "../ui/shell";
import { LiveCall } from "./call";
import { Calls } from "./calls";
import { Claim } from "./claim";
import { Extensions } from "./extensions";
import { HealthPage } from "./health";
import { Phones } from "./phones";
import { Record } from "./record";
import { Records } from "./records";
import { SecurityPage } from "./security";
import { Trunks } from "./trunks";
import { SignIn } from "./sign-in";

export function Root(): JSX.Element {
  const { store } = useApp();
  const gate = store.gate.value;
  switch (gate.at) {
    case "starting":
      return <div class="splash" role="status" aria-label="Loading"><Mark size={48} /></div>;
    case "unreachable":
      return <Unreachable />;
    case "claim":
      return <Claim />;
    case "sign-in":
      return <SignIn why={gate.why} />;
    case "in":
      return <Shell user={gate.user}><Page /></Shell>;
  }
}

function Page(): JSX.Element {
  const { router } = useApp();
  const route = router.route.value;
  switch (route.page) {
    case "extensions":
      return <Extensions />;
    case "phones":
      return <Phones />;
    case "calls":
      return <Calls />;
    case "call":
      return <LiveCall id={route.id} key={route.id} />;
    case "records":
      return <Records query={route.query} />;
    case "record":
      return <Record id={route.id} key={route.id} />;
    case "trunks":
      return <Trunks />;
    case "security":
      return <SecurityPage />;
    case "health":
      return <HealthPage />;
    case "missing":
      return <Missing />;
  }
}

function Missing(): JSX.Element {
  return (
    <>
      <PageHead title="No such page" />
      <Empty icon="search" title="There is nothing at this address">
        <p>Perhaps the link is old. Go on with <a href="/extensions">the extensions</a>.</p>
      </Empty>
    </>
  );
}

function Unreachable(): JSX.Element {
  return (
    <div class="splash splash-words" role="alert" data-testid="unreachable">
      <span class="empty-icon" aria-hidden="true"><Icon name="warning" size={30} /></span>
      <h1>The phone system does not answer</h1>
      <p>Is it running, and are you on its network? This page goes on by itself as soon as it is back.</p>
      <span class="spinner" aria-hidden="true" />
    </div>
  );
}
