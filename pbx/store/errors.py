"""Why the store refused; every message is a sentence that can be shown to a person."""


class StoreError(Exception):
    """Base of all; by itself: the data directory cannot be used (damaged, key missing, not ours)."""


class StoreBusy(StoreError):
    """Another process has the data directory open.  `pid` names it, None if it did not say."""

    def __init__(self, message: str, pid: int | None) -> None:
        super().__init__(message)
        self.pid = pid


class StoreTooNew(StoreError):
    """The database was written by a newer Warden."""


class NotFound(StoreError):
    """There is no such extension, trunk, revision or user."""


class Conflict(StoreError):
    """It exists already, or it changed since: the message names what stands in the way."""


class ClaimRefused(StoreError):
    """A claim failed.  `claimed`: the box has its administrator already; otherwise the code was wrong."""

    def __init__(self, message: str, claimed: bool) -> None:
        super().__init__(message)
        self.claimed = claimed


class TokenRefused(StoreError):
    """A refresh token is unknown, expired, or was used before (`reused`: its whole family is now revoked)."""

    def __init__(self, message: str, reused: bool = False) -> None:
        super().__init__(message)
        self.reused = reused
