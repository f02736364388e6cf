"""What every part of the store works with."""

from collections.abc import Callable

from peewee import SqliteDatabase

from pbx.store.db import Opened
from pbx.store.sealing import Box


class Section:
    """One part of the store: the connection, the key and the wall clock that all parts share."""

    def __init__(self, opened: Opened, clock: Callable[[], float]) -> None:
        self._opened = opened
        self._db: SqliteDatabase = opened.db
        self._box: Box = opened.box
        self._clock = clock
