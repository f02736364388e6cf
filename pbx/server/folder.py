"""The data folder from outside the store: made, held by one instance, opened as soon as it is free."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from pbx.server.options import StartError
from pbx.store import Store, StoreBusy, StoreError

PATIENCE = 5.0
"""Seconds for `warden import`, or a worker that is being replaced, to give the folder free."""


def open_store(data: Path) -> Store:
    """Raises StartError.  Waits a little for who has the directory now: an import, or a worker that died."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return Store.open(data)
        except StoreBusy as error:
            if time.monotonic() > until:
                raise StartError(_sentence(error)) from None
            time.sleep(0.05)
        except StoreError as error:
            raise StartError(_sentence(error)) from None


def make_folder(data: Path) -> Path:
    """DIR/run, private.  A DIR that is empty becomes private too."""
    folder = data / "run"
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(data.iterdir()):
            data.chmod(0o700)
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        raise StartError(f"{data} is a file: give a folder with --data DIR.") from None
    except OSError as error:
        what = f"{error.filename} cannot be made ({error.strerror})"
        raise StartError(f"{what}: give another folder with --data DIR.") from None
    return folder


def sole_instance(folder: Path) -> int:
    """Holds DIR/run/instance.lock as long as the master lives; the kernel gives it free with us."""
    try:
        lock = os.open(folder / "instance.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        what = f"{error.filename} cannot be opened ({error.strerror})"
        raise StartError(f"{what}: give another folder with --data DIR.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 20).decode().strip() or "unknown"
        os.close(lock)
        what = f"Warden runs already on {folder.parent} (pid {holder})"
        raise StartError(f"{what}: stop it first, or give another --data DIR.") from None
    os.ftruncate(lock, 0)
    with suppress(OSError):  # the disk is full: the lock holds without our name on it
        os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def _sentence(error: Exception) -> str:
    words = str(error)
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
