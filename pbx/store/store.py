"""Warden's database: one data directory, opened by one process, used from one native thread at a time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import time

from pbx.config import Office, Site
from pbx.directory import Directory
from pbx.store.values import Change, ExtensionRow, Page, RecordFilter, Revision, User
from pbx.switch.events import BindingView, CallView, Fact


class Store:
    """Blocking.  Any thread may use it, one at a time.  Every method may raise peewee.DatabaseError (disk full …)."""

    @classmethod
    def open(cls, directory: Path, clock: Callable[[], float] = time) -> "Store":
        """Opens `directory` (made with mode 0700 if missing), brings the schema up to date.

        Raises StoreBusy (names the pid), StoreTooNew, StoreError.
        """
        raise NotImplementedError

    def close(self) -> None: raise NotImplementedError

    # -- configuration
    def directory(self) -> Directory:
        """The snapshot that the call path reads."""
        raise NotImplementedError

    def office(self) -> Office:
        """Everything configured, passwords left out (None): what `warden export` writes."""
        raise NotImplementedError

    def site(self) -> Site:
        """Domain "localhost" until one was chosen."""
        raise NotImplementedError

    def ensure_site(self, domain: str) -> Site:
        """First start: takes `domain` if none was ever chosen; then gives the site as it is."""
        raise NotImplementedError

    def set_site(self, site: Site, who: str) -> int | None:
        """The revision, None if nothing changed.  Raises ConfigError.  Digests are made anew for a new domain."""
        raise NotImplementedError

    def import_office(self, office: Office, who: str, replace: bool = False) -> Change:
        """Creates and updates by number and name; with `replace` deletes what is not in `office`.

        An existing extension without a password keeps its own; a new one gets one (`Change.passwords`).
        """
        raise NotImplementedError

    def extensions(self) -> list[ExtensionRow]: raise NotImplementedError

    def extension(self, number: str) -> ExtensionRow:
        """Raises NotFound."""
        raise NotImplementedError

    def create_extension(
        self, number: str, name: str, who: str, password: str | None = None, allow_weak: bool = False
    ) -> tuple[ExtensionRow, str]:
        """The extension and its phone's password (generated if None).  Raises ConfigError (paths number, name,
        password), Conflict."""
        raise NotImplementedError

    def rename_extension(self, number: str, name: str, who: str) -> ExtensionRow:
        """Raises NotFound, ConfigError (path name)."""
        raise NotImplementedError

    def new_password(self, number: str, who: str) -> str:
        """Raises NotFound."""
        raise NotImplementedError

    def delete_extension(self, number: str, who: str) -> int:
        """The revision, for `undo`.  Raises NotFound."""
        raise NotImplementedError

    def undo(self, revision: int, who: str) -> int:
        """Takes one change back, whole, as a new revision (which can be undone too).  Raises NotFound, Conflict
        (names what changed since), ConfigError."""
        raise NotImplementedError

    def revisions(self, limit: int = 50, before: int | None = None) -> list[Revision]:
        """Newest first; `before` = only ids below it."""
        raise NotImplementedError

    # -- people
    def claimed(self) -> bool: raise NotImplementedError

    def claim_code(self) -> str | None:
        """The one-time code, the same until it is used; None once claimed."""
        raise NotImplementedError

    def claim(self, code: str, username: str, password_hash: str) -> User:
        """Makes the first administrator.  Raises ClaimRefused, ConfigError (path username)."""
        raise NotImplementedError

    def add_admin(self, username: str, password_hash: str) -> User:
        """Makes an administrator, or gives an existing one a new password and signs them out everywhere."""
        raise NotImplementedError

    def user(self, username: str) -> User | None: raise NotImplementedError

    def issue_token(self, username: str, token_hash: str, expires: float) -> None:
        """A new sign-in: the first refresh token of a family.  Raises NotFound."""
        raise NotImplementedError

    def rotate_token(self, old_hash: str, new_hash: str, expires: float) -> User:
        """Raises TokenRefused; a second use of `old_hash` revokes the family."""
        raise NotImplementedError

    def revoke_token(self, token_hash: str) -> None:
        """Signs out: revokes the token's family.  An unknown token is no error."""
        raise NotImplementedError

    def secret(self, name: str) -> bytes:
        """32 random bytes, made at first use, the same ever after."""
        raise NotImplementedError

    # -- facts
    def write(self, facts: Sequence[Fact]) -> None:
        """One transaction: ended calls and registrations; other facts are skipped.  Writing a fact again is no error."""
        raise NotImplementedError

    def bindings(self) -> list[BindingView]:
        """The phones whose registration has not expired."""
        raise NotImplementedError

    def records(self, filter: RecordFilter) -> Page:
        """Raises ConfigError (paths cursor, limit)."""
        raise NotImplementedError

    def record(self, call: str) -> CallView | None: raise NotImplementedError

    def prune(self, before: float) -> int:
        """Deletes the records of calls that started before; how many."""
        raise NotImplementedError

    def probe(self) -> None:
        """Writes and commits a row: raises what a real write would (health check)."""
        raise NotImplementedError
