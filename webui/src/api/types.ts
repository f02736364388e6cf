/** The shapes that the API speaks.  Times are seconds since 1970, jitter is in milliseconds, sizes in bytes. */

export interface User {
  username: string;
  role: string;
}

export interface Setup {
  claimed: boolean;
  name: string;
  version: string;
}

export interface Session {
  access_token: string;
  expires_in: number;
  user: User;
}

export interface Site {
  domain: string;
  server: string;
  transports: string[];
  name: string;
}

export interface Extension {
  number: string;
  name: string;
  created: number | null;
  phones: number;
}

/** What a phone needs to register.  The password is told here once and never again. */
export interface PhoneAccount {
  username: string;
  password: string;
  domain: string;
  server: string;
  transport: string;
  uri: string;
  qr_svg: string;
}

export interface Phone {
  extension: string;
  name: string;
  contact: string;
  address: string;
  transport: string;
  user_agent: string;
  since: number;
  expires: number;
}

export interface Party {
  number: string;
  name: string;
  kind: string;
}

export interface Counters {
  leg: string;
  received: number;
  received_bytes: number;
  sent: number;
  sent_bytes: number;
  lost: number;
  reordered: number;
  duplicated: number;
  refused: number;
  jitter: number;
}

export interface Leg {
  leg: string;
  party: Party;
  direction: string;
  address: string;
  user_agent: string;
  state: string;
  codec: string;
  cause: string;
  counters: Counters | null;
}

export interface Call {
  call: string;
  state: string;
  caller: Party;
  dialled: string;
  callee: Party;
  started: number;
  ringing: number | null;
  answered: number | null;
  ended: number | null;
  cause: string;
  cause_text: string;
  transferred: string;
  ended_by: string;
  legs: Leg[];
}

export interface Page<Item> {
  items: Item[];
  next: string | null;
}

export interface Check {
  slug: string;
  title: string;
  status: string;
  text: string;
  since: number | null;
}

export interface Health {
  status: string;
  version: string;
  uptime: number;
  checks: Check[];
  ports: { used: number; total: number };
}

/** A line to a carrier, as measured. `delay` in seconds and `heard` (seconds since 1970, 0 = never) are of its last answer to us. */
export interface Trunk {
  name: string;
  kind: string;
  state: "up" | "trying" | "down" | "unknown";
  /** Why, in words. */
  text: string;
  address: string;
  calls: number;
  /** 0 = no limit. */
  channels: number;
  delay: number;
  heard: number;
}

/** An account that cannot be used from an address for so many seconds. */
export interface Ban {
  address: string;
  account: string;
  seconds: number;
}

/** So many messages of a host were refused or dropped for one reason. */
export interface Refusal {
  address: string;
  reason: string;
  count: number;
  first: number;
  last: number;
  detail: string;
}

export interface Refused {
  items: Refusal[];
  totals: Record<string, number>;
}

export interface Trouble {
  slug: string;
  text: string;
  call: string;
}

export interface TraceMessage {
  at: number;
  peer: string;
  transport: string;
  sent: boolean;
  title: string;
  cseq: string;
  repeated: boolean;
  audio: boolean;
  text: string;
}

/** One leg's audio at `at` milliseconds since the first message, counted from its beginning. */
export interface AudioSample {
  at: number;
  leg: string;
  received: number;
  sent: number;
  lost: number;
  jitter: number;
}

export interface Trace {
  call: string;
  verdict: string;
  messages: TraceMessage[];
  audio: AudioSample[];
}
