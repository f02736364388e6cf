"""The data directory: one process at a time, its files private, its database durable."""

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from peewee import DatabaseError, OperationalError, SqliteDatabase

from pbx.store.errors import StoreBusy, StoreError
from pbx.store.migrations import migrate
from pbx.store.sealing import Box, sync_directory

DATABASE = "warden.db"
KEY = "box.key"
LOCK = "lock"

# FULL: a commit has reached the disk when it returns.  (WAL with less only promises a database not damaged.)
_PRAGMAS = {"journal_mode": "wal", "synchronous": "full", "foreign_keys": 1}


class _Database(SqliteDatabase):
    """SQLite rolls back by itself when the disk is full or fails; a second time would hide that error."""

    def rollback(self) -> None:
        if self.connection().in_transaction:  # type: ignore[no-untyped-call]
            super().rollback()


@dataclass(frozen=True, slots=True)
class Opened:
    """What `open_directory` holds open until `close`."""

    db: SqliteDatabase
    box: Box
    lock: TextIO

    def close(self) -> None:
        self.db.close()
        self.lock.close()


def open_directory(path: Path, at: float) -> Opened:
    """Locks, opens and migrates.  Raises StoreBusy, StoreTooNew or StoreError; then nothing stays open."""
    _make_private(path)
    try:
        lock = _lock(path / LOCK)
        try:
            new = not (path / DATABASE).exists()
            box = Box.of(path / KEY, create=new)
            return Opened(_open_database(path / DATABASE, at), box, lock)
        except BaseException:
            lock.close()
            raise
    except OSError as error:
        raise _unusable(path, error) from None


def _make_private(path: Path) -> None:
    """Makes the directory, or closes one that is empty or ours to others."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (path / DATABASE).exists() or not any(path.iterdir()):
            path.chmod(0o700)
    except FileExistsError:
        raise StoreError(f"{path} is a file; wanted a directory for Warden's data") from None
    except OSError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path} cannot be used for Warden's data: {error.strerror}")


def _lock(path: Path) -> TextIO:
    """The kernel drops an flock with its last holder, so a crash leaves no stale lock."""
    try:
        file = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii")  # noqa: SIM115
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = file.read(20).strip()
        file.close()
        pid = int(holder) if holder.isdigit() else None
        who = f"process {pid}" if pid else "another process"
        message = f"{path.parent} is in use by {who}: stop it first, or choose another --data"
        raise StoreBusy(message, pid) from None
    with suppress(OSError):  # the disk is full: the lock holds without our name on it
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), f"{os.getpid()}\n".encode())
    return file


def _open_database(path: Path, at: float) -> SqliteDatabase:
    # SQLite gives its journal files the mode of the database, so only this one must be made with care.
    path.touch(mode=0o600)
    path.chmod(0o600)
    sync_directory(path.parent)
    # One connection, handed from thread to thread by the caller, who lets only one in at a time.
    db = _Database(
        str(path), pragmas=_PRAGMAS, timeout=5, lock_type="IMMEDIATE",
        thread_safe=False, check_same_thread=False, autoconnect=False,
    )  # fmt: skip
    try:
        db.connect()
        migrate(db, at)
    except DatabaseError as error:
        db.close()
        if isinstance(error, OperationalError):  # of the disk; the data may be as good as ever
            advice = "see that the disk has room and takes what is written"
        else:
            advice = "restore a backup, or move it away to start anew"
        raise StoreError(f"{path} cannot be used: {error}; {advice}") from None
    except BaseException:
        db.close()
        raise
    return db
