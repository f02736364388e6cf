"""The link to the media process, with a small real process at the other end."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from pbx.net.media_link import MediaLink
from pbx.wire import media

pytestmark = pytest.mark.integration

STAND_IN = """
import os, sys
from pbx.wire import media
from pbx.wire.codec import decode, encode
from pbx.wire.link import listen

listener = listen(sys.argv[1])
while True:
    link = listener.accept()
    link.send(encode(media.Ready(media.VERSION, os.getpid())))
    while (message := link.receive()) is not None:
        match decode(message, media.Command):
            case media.Ask("die"):
                os._exit(1)
            case media.Ask(call):
                link.send(encode(media.Counted(call, ())))
            case media.Quit():
                sys.exit(0)
"""


class Control:
    def __init__(self, path: Path) -> None:
        self.heard: list[media.Event] = []
        self.losses = 0
        self.link = MediaLink(path, self._command(path), self.heard.append, self._lose)

    def _command(self, path: Path) -> list[str]:
        return [sys.executable, "-c", STAND_IN, str(path)]

    def _lose(self) -> None:
        self.losses += 1

    def wait(self, count: int) -> None:
        for _ in range(1000):
            if len(self.heard) >= count:
                return
            gevent.sleep(0.005)
        raise AssertionError(self.heard)


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    control = Control(tmp_path / "media.sock")
    control.link.start()
    control.wait(1)
    yield control
    control.link.stop(2)


def test_it_is_started_and_answers(control: Control) -> None:
    control.link.send(media.Ask("a"))
    control.wait(2)
    assert isinstance(control.heard[0], media.Ready)
    assert control.heard[1] == media.Counted("a", ())


def test_it_is_started_again_when_it_dies(control: Control) -> None:
    control.link.send(media.Ask("die"))
    control.wait(2)
    first, second = control.heard
    assert isinstance(first, media.Ready)
    assert isinstance(second, media.Ready)
    assert first.pid != second.pid
    assert (control.losses, control.link.starts) == (1, 2)


def test_one_that_hangs_is_ended_and_started_again(control: Control) -> None:
    """Its end of the link stays open, so nothing but its silence tells."""
    (first,) = control.heard
    assert isinstance(first, media.Ready)
    os.kill(first.pid, signal.SIGSTOP)
    began = time.monotonic()
    control.wait(2)
    assert 1.5 < time.monotonic() - began < 3.5
    assert (control.losses, control.link.starts) == (1, 2)
    assert not Path(f"/proc/{first.pid}").exists()


def test_one_that_hangs_is_ended_with_the_office(control: Control) -> None:
    child = control.link._child
    os.kill(child, signal.SIGSTOP)
    control.link.stop(0.2)
    assert not Path(f"/proc/{child}").exists()


def test_one_that_an_earlier_office_left_hanging_is_ended(control: Control, tmp_path: Path) -> None:
    """It takes the connection, which the kernel does for it, and never says that it is ready."""
    (first,) = control.heard
    assert isinstance(first, media.Ready)
    control.link._greenlet.kill()  # type: ignore[union-attr]
    os.kill(first.pid, signal.SIGSTOP)
    successor = Control(tmp_path / "media.sock")
    successor.link.start()
    successor.wait(1)
    assert successor.link.starts == 1
    assert successor.heard != control.heard
    successor.link.stop(2)


def test_a_living_one_is_found_again_and_not_started_twice(control: Control, tmp_path: Path) -> None:
    """The switch process was killed: its end of the link closes, the next one connects."""
    control.link._greenlet.kill()  # type: ignore[union-attr]
    successor = Control(tmp_path / "media.sock")
    successor.link.start()
    successor.wait(1)
    assert successor.heard == control.heard[:1]
    assert successor.link.starts == 0
    successor.link.stop(2)


def test_many_commands_at_once_all_arrive(control: Control) -> None:
    for number in range(3000):
        control.link.send(media.Ask(f"{number}"))
    control.wait(3001)
    assert control.heard[-1] == media.Counted("2999", ())


def test_stopping_ends_the_process_and_leaves_no_zombie(control: Control) -> None:
    child = control.link._child
    control.link.stop(2)
    assert not Path(f"/proc/{child}").exists()
