"""Talking to the running office; opening its data folder when it does not run."""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from pbx.cli.errors import CommandError
from pbx.net import control_messages as say
from pbx.store import Store, StoreBusy, StoreError
from pbx.wire.codec import WireError, decode, encode
from pbx.wire.link import Link, connect, own_users

_PATIENCE = 10.0  # seconds for an office that is just starting, or for another command
_ANSWER = 60.0  # seconds for an answer


def ask(link: Link, *request: say.Request | say.Text | say.Done) -> Iterator[say.Answer]:
    """The answers to one request.  Raises CommandError when it is refused."""
    try:
        for message in request:
            link.send(encode(message))
        while (data := link.receive()) is not None:
            answer = decode(data, say.Answer)
            if isinstance(answer, say.Done):
                return
            if isinstance(answer, say.Refused):
                raise CommandError(*answer.problems)
            yield answer
    except (OSError, WireError) as error:
        raise CommandError(f"The running phone system does not answer as it should ({error}).") from None
    raise CommandError("The phone system stopped before it had answered.")


def running(data: Path) -> Link | None:
    """A link to the office that runs on this data folder, None when none does."""
    try:
        link = connect(data / "run" / "control.sock", own_users() | {data.stat().st_uid})
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        return None
    except PermissionError:
        raise not_ours(data) from None
    link.settimeout(_ANSWER)
    return link


def not_ours(data: Path) -> CommandError:
    return CommandError(f"{data} belongs to another user: give the command as that user, or as root.")


def needed(data: Path) -> Link:
    """A link to the running office.  Raises CommandError when there is none."""
    link = running(data)
    if link is None:
        raise CommandError(f"No phone system runs on {data}: start it with: warden run --data {data}")
    return link


def office(data: Path) -> Link | Store:
    """The running office, or else its store, opened by us.  Waits while one is starting or stopping."""
    until = time.monotonic() + _PATIENCE
    while True:
        if (link := running(data)) is not None:
            return link
        try:
            return Store.open(data)
        except StoreBusy as error:
            if time.monotonic() > until:
                raise CommandError(f"{error}.") from None
            time.sleep(0.1)
        except StoreError as error:
            raise CommandError(f"{error}.") from None


def give_back(data: Path) -> None:
    """What root made in a service's folder belongs to the service: it would be locked out otherwise."""
    owner = data.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for file in data.iterdir():
        status = file.lstat()
        if status.st_uid == 0 and status.st_nlink == 1 and stat.S_ISREG(status.st_mode):
            os.chown(file, owner.st_uid, owner.st_gid, follow_symlinks=False)


def one(answers: Iterable[say.Answer]) -> say.Answer:
    """The single item of an answer."""
    (answer,) = answers
    return answer
