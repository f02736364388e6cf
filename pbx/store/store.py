"""Warden's database: one data directory, opened by one process."""

from collections.abc import Callable
from pathlib import Path
from time import time

from pbx.store.configuration import Configuration
from pbx.store.db import open_directory
from pbx.store.people import People
from pbx.store.records import Records


class Store(Configuration, People, Records):
    """All that is kept: configuration, people, facts.

    Blocking; any thread may use it, one at a time.  Every method may raise `peewee.PeeweeException` (disk
    full, say); one that raises has written nothing.
    """

    @classmethod
    def open(cls, directory: Path, clock: Callable[[], float] = time) -> "Store":
        """Opens `directory` (made with mode 0700 if missing) and brings the schema up to date.

        `clock` gives wall-clock seconds.  Raises StoreBusy (names the pid), StoreTooNew, StoreError.
        """
        return cls(open_directory(directory, clock()), clock)

    def close(self) -> None:
        """Gives the directory free."""
        self._opened.close()
