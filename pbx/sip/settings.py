"""What may be set about the SIP stack, with its limits: every table that a peer can fill has one here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """`domain` is the host part of the Call-IDs that we make; the digest realm is `Directory.domain`.

    `session_expires` and `min_se` are of RFC 4028.  Times are seconds.  The limits bound memory: beyond
    `max_transactions` or `max_sessions` a request is answered 503, beyond `max_contacts` the oldest binding
    of an extension is replaced.
    """

    domain: str
    user_agent: str = "Warden"
    min_expires: int = 60
    max_expires: int = 3600
    default_expires: int = 600
    max_contacts: int = 10
    nonce_ttl: float = 300.0
    max_nonces: int = 20_000
    max_suspects: int = 10_000
    max_delayed: int = 1_000
    max_transactions: int = 100_000
    max_sessions: int = 10_000
    max_subscriptions: int = 50_000
    max_subscriptions_of_one: int = 300
    session_expires: int = 1800
    min_se: int = 90
