"""The audio that the switch wants: RTP ports, and the whole wanted media of every call, stated to the media
process.

The switch picks the ports itself, so an SDP never waits for the media process; the process binds what it is
told. Each statement carries a generation that only rises.  When the process was lost and is back (`Ready`),
everything is stated again.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

from pbx.wire.media import Command, Counters, MediaLeg, Ready, Want


class Ports:
    """The even ports of the RTP range; the port that rested longest is taken first, so a late packet of
    an ended call does not meet a new one."""

    def __init__(self, first: int, last: int, random: Random) -> None:
        ports = list(range(first + first % 2, last, 2))
        random.shuffle(ports)
        self._free = deque(ports)
        self._foreign: set[int] = set()
        self.total = len(ports)
        self.used = 0

    def take(self) -> int | None:
        """A port whose successor is free too (RTCP), or None when the range is used up."""
        while self._free:
            port = self._free.popleft()
            if port not in self._foreign:
                self.used += 1
                return port
        return None

    def claim(self, port: int) -> None:
        """This very port, which a call from before a restart has."""
        if port in self._free:
            self._free.remove(port)
        self.used += 1

    def release(self, port: int) -> None:
        self.used -= 1
        self._free.append(port)

    def avoid(self, taken: Iterable[int]) -> None:
        """Ports that other programs hold, from now on; those they gave back are used again."""
        odd_too = {port - port % 2 for port in taken}
        self._free.extend(self._foreign - odd_too - set(self._free))
        self._foreign = odd_too


class Statement:
    """One call's last `Want`, and what to do when the media process has closed it."""

    __slots__ = ("closed", "generation", "want")

    def __init__(self, call: str) -> None:
        self.generation = 0
        self.want = Want(call, 0)
        self.closed: Callable[[float, tuple[Counters, ...] | None], None] | None = None


class Media:
    """Every live call's statement.  Commands go to `out` only while the media process is there."""

    def __init__(self, ports: Ports, out: list[Command]) -> None:
        self.ports = ports
        self.ready = False
        self._out = out
        self._statements: dict[str, Statement] = {}

    def want(self, call: str, legs: tuple[MediaLeg, ...], hears: tuple[tuple[str, str], ...]) -> None:
        """States the call's media, unless that is what was stated last."""
        said = self._statements.get(call)
        if said is None:
            said = self._statements[call] = Statement(call)
        elif said.want.legs == legs and said.want.hears == hears:
            return
        said.generation += 1
        said.want = Want(call, said.generation, legs, hears)
        self._say(said.want)

    def close(
        self, call: str, then: Callable[[float, tuple[Counters, ...] | None], None], now: float
    ) -> None:
        """Ends the call's media; `then(now, counters)` is called once its ports are closed.

        The counters are None when the media process is not there to tell.
        """
        said = self._statements.get(call)
        if said is None or not self.ready:
            self._statements.pop(call, None)
            then(now, None)
            return
        said.closed = then
        said.generation += 1
        said.want = Want(call, said.generation)
        self._say(said.want)

    def closed(self, call: str, counters: tuple[Counters, ...] | None, now: float) -> None:
        """The media process closed it (or did not answer in time: None)."""
        said = self._statements.get(call)
        if said is not None and said.closed is not None:
            del self._statements[call]
            said.closed(now, counters)

    def restate(self, ready: Ready) -> None:
        """The process is there, perhaps new: it is told every wanted media again, and to close what
        nobody knows."""
        self.ready = True
        self.ports.avoid(ready.taken)
        served = dict(ready.calls)
        for call, said in self._statements.items():
            if served.get(call, -1) >= said.generation:  # stated by the switch that we took over from
                said.generation = served[call] + 1
                said.want = replace(said.want, generation=said.generation)
            self._say(said.want)
        for call in served.keys() - self._statements.keys():
            self._say(Want(call, served[call] + 1))

    def lost(self, now: float) -> None:
        """The process is gone: nobody will count for the calls that were closing."""
        self.ready = False
        for call in [call for call, said in self._statements.items() if said.closed]:
            self.closed(call, None, now)

    def _say(self, command: Command) -> None:
        if self.ready:
            self._out.append(command)
