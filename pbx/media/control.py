"""The controller: the switch's link to the media process, or the lack of one.

A switch that was restarted connects again to the same path and takes the living calls over: the newest link
is the controller.  Sending never waits.  A switch that does not read is cut off, told all when it is back.
"""

import select
import sys
from collections import deque
from contextlib import suppress
from math import inf

from pbx.wire import codec
from pbx.wire.link import Link, Listener
from pbx.wire.media import Command, Event

BACKLOG = 10_000
"""Events that wait for a slow controller before it is cut off."""

BATCH = 200
"""Commands that are taken in one go, so that audio does not wait for the rest."""


class Control:
    """One controller at most.  `alone_since`: when it was lost (monotonic seconds), inf while it is there."""

    def __init__(self, poll: select.epoll, listener: Listener | None, link: Link | None, now: float) -> None:
        self.alone_since = now
        self._poll = poll
        self._listener = listener
        self._link: Link | None = None
        self._waiting: deque[bytes] = deque()
        self._full = False
        if listener is not None:
            listener.setblocking(False)
            poll.register(listener, select.EPOLLIN)
        if link is not None:
            self._adopt(link)

    @property
    def may_return(self) -> bool:
        """Whether a new controller can come."""
        return self._listener is not None

    @property
    def present(self) -> bool:
        return self._link is not None

    def accepts(self, number: int) -> bool:
        """The descriptor is ready; true when a new controller came with it, who must be told `Ready`."""
        if self._listener is None or number != self._listener.fileno():
            return False
        try:
            link = self._listener.accept()
        except BlockingIOError:
            return False
        except PermissionError as error:
            print(f"warden-media: a link was refused: {error.strerror}", file=sys.stderr)
            return False
        self._adopt(link)
        return True

    def _adopt(self, link: Link) -> None:
        self._drop()
        link.setblocking(False)
        self._poll.register(link, select.EPOLLIN)
        self._link = link
        self.alone_since = inf

    def _drop(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None
        self._waiting.clear()
        self._full = False

    def lose(self, now: float) -> None:
        """The controller is gone."""
        self._drop()
        self.alone_since = now

    def commands(self, now: float) -> list[Command]:
        """What the controller said.  A message that breaks the protocol ends the link: we cannot guess."""
        said: list[Command] = []
        while self._link is not None and len(said) < BATCH:
            try:
                data = self._link.receive()
                if data is None:
                    self.lose(now)
                    break
                said.append(codec.decode(data, Command))
            except BlockingIOError:
                break
            except (codec.WireError, OSError) as error:
                print(f"warden-media: the controller's link was closed: {error}", file=sys.stderr)
                self.lose(now)
        return said

    def tell(self, event: Event, now: float) -> None:
        """Sends it, or keeps it until the controller reads on; without a controller it is nobody's."""
        if self._link is None:
            return
        self._waiting.append(codec.encode(event))
        if len(self._waiting) == 1:
            self.flush(now)
        elif len(self._waiting) > BACKLOG:
            self.lose(now)

    def flush(self, now: float) -> None:
        """Sends what waits.  When the controller must read first, the poll tells when it has."""
        try:
            while self._link is not None and self._waiting:
                self._link.send(self._waiting[0])
                self._waiting.popleft()
        except BlockingIOError:
            pass
        except OSError:
            self.lose(now)
        if self._link is not None and self._full != bool(self._waiting):
            self._full = bool(self._waiting)
            self._poll.modify(self._link, select.EPOLLIN | (select.EPOLLOUT if self._full else 0))

    def close(self) -> None:
        self._drop()
        if self._listener is not None:
            with suppress(OSError):
                self._listener.close()
