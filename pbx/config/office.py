"""The whole office as one checked value, and how it is read from a plain document (of YAML or JSON)."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Site:
    """The SIP domain (host name or IP address; also the digest realm) and what the office is called."""

    domain: str
    name: str = "Office"


@dataclass(frozen=True, slots=True)
class ExtensionConfig:
    """A number, whose it is, and its phone's password (None = keep the one there is, or make one)."""

    number: str
    name: str
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TrunkConfig:
    """A carrier or another PBX.  Kind "ip": known by its IP address alone."""

    name: str
    kind: str
    address: str


@dataclass(frozen=True, slots=True)
class Office:
    """Everything configured.  `site` None = the document does not say; what there is stays."""

    site: Site | None = None
    extensions: tuple[ExtensionConfig, ...] = ()
    trunks: tuple[TrunkConfig, ...] = ()


def read(document: object, allow_weak: bool = False) -> Office:
    """Checks everything, then gives the office.  Raises ConfigError with all problems.

    `allow_weak` takes phone passwords that are easy to guess.
    """
    raise NotImplementedError
