"""The journal: what must outlive this process, as keys and values in a file that nobody waits for.

Nothing is flushed to a disk: the file survives a killed process, not a machine that lost its power, and so it
costs a system call and no more.  It is believed only within the boot that wrote it, whose monotonic clock it
speaks.
"""

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

ROOM = 1 << 20
"""Bytes that may lie in the file beyond four times what still counts, before it is written anew."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")

log = logging.getLogger("warden.journal")


class Journal:
    """Keys are words without spaces, values have no line feed.  One process has it open at a time.

    A write that fails (no room) is logged once and leaves the journal off until one succeeds: a phone system
    that cannot remember its calls still makes them.
    """

    def __init__(self, path: Path, boot: str | None = None) -> None:
        self._path = path
        self._boot = (_BOOT.read_text().strip() if boot is None else boot).encode()
        self._live: dict[str, bytes] = {}
        self._size = self._useful = 0
        self._file = -1
        self.trouble = ""

    def open(self) -> dict[str, bytes]:
        """What an earlier process of this boot left; from here on the file is ours."""
        found = self.read()
        self._live = dict(found)
        self._useful = sum(map(_weight, found.items()))
        self._write_anew()
        return found

    def write(self, changes: Iterable[tuple[str, bytes | None]]) -> None:
        """Each key has this value from now on; None = it is gone.  All of it in one system call."""
        lines = []
        for key, value in changes:
            old = self._live.pop(key, None)
            if old is not None:
                self._useful -= _weight((key, old))
            if value is not None:
                self._live[key] = value
                self._useful += _weight((key, value))
            elif old is None:
                continue
            lines.append(_line(key, value))
        if lines:
            self._append(b"".join(lines))

    def close(self) -> None:
        """Without anything to take up for the next process the file goes."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if not self._live:
            self._path.unlink(missing_ok=True)

    def read(self) -> dict[str, bytes]:
        """What is in the file, if it is of this boot."""
        try:
            head, *lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return {}
        if head != self._boot:
            return {}
        found: dict[str, bytes] = {}
        for line in lines[:-1]:  # what follows the last line feed was cut off by the end of the process
            key, space, value = line.partition(b" ")
            name = key.decode("ascii", "replace")
            if space:
                found.pop(name, None)
                found[name] = value
            else:
                found.pop(name, None)
        return found

    def _append(self, data: bytes) -> None:
        if self._file < 0 or self._size > 4 * self._useful + ROOM:
            self._write_anew()
            return
        try:
            written = os.write(self._file, data)
        except OSError as error:
            self._fail(error)
            return
        self._size += written
        if written < len(data):
            self._fail(OSError("there was no room for all of it"))

    def _write_anew(self) -> None:
        """The file with just what counts, in place of the old one at a stroke."""
        fresh = self._path.with_suffix(".new")
        data = self._boot + b"\n" + b"".join(_line(*item) for item in self._live.items())
        try:
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self._fail(error)
            return
        try:
            if os.write(file, data) < len(data):
                raise OSError("there was no room for all of it")
            fresh.replace(self._path)
        except OSError as error:
            os.close(file)
            self._fail(error)
            return
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size = file, len(data)
        if self.trouble:
            log.warning("the journal of calls is written again")
            self.trouble = ""

    def _fail(self, error: OSError) -> None:
        """The next write tries it from the beginning: what is in the file may be half a line."""
        if not self.trouble:
            log.error("the journal of calls cannot be written, a crash would end them: %s", error)
        self.trouble = str(error)
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
            self._file = -1


def _line(key: str, value: bytes | None) -> bytes:
    return key.encode() + (b"\n" if value is None else b" " + value + b"\n")


def _weight(item: tuple[str, bytes]) -> int:
    key, value = item
    return len(key) + len(value) + 2
