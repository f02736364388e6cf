"""The four transaction machines of RFC 3261 §17 with RFC 6026, as tables: (state, input) -> state and
actions.

States and timers have the RFC's names.  What a table does not list is absorbed: that is how retransmissions,
late provisional responses and stray ACKs go away.  On a reliable transport nothing is repeated and nothing
remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial

from pbx.sip.errors import LocalProtocolError
from pbx.sip.flow import Flow
from pbx.sip.message import Request, Response, build_request
from pbx.sip.timers import T1, T2, T4, T64, TIMER_D, Timer, Timers

Outbox = list[tuple[bytes, Flow]]
"""Datagrams to send, in order."""


class State(StrEnum):
    NEW = "new"
    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Input(StrEnum):
    """A response counts as PROVISIONAL (1xx), SUCCESS (2xx) or FAILURE (300-699), received or sent."""

    START = "start"
    REQUEST = "request"
    ACK = "ACK"
    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "300-699"
    TIMER_A = "timer A"
    TIMER_B = "timer B"
    TIMER_D = "timer D"
    TIMER_E = "timer E"
    TIMER_F = "timer F"
    TIMER_G = "timer G"
    TIMER_H = "timer H"
    TIMER_I = "timer I"
    TIMER_J = "timer J"
    TIMER_K = "timer K"
    TIMER_L = "timer L"
    TIMER_M = "timer M"
    BROKEN = "transport error"


_CLASSES = (Input.PROVISIONAL, Input.SUCCESS, Input.FAILURE, Input.FAILURE, Input.FAILURE, Input.FAILURE)


def classify(status: int) -> Input:
    """Which input a response of this status (100-699) is."""
    return _CLASSES[status // 100 - 1]


class Transaction:
    """What the four machines share: a state, a message to repeat, the repeating timer and the limiting timer.

    `key` is the transaction layer's; `gone` is called once, on TERMINATED.
    """

    __slots__ = (
        *("_interval", "_limit", "_outbox", "_repeat", "_timers"),
        *("data", "flow", "gone", "key", "state", "table"),
    )
    table: Table

    def __init__(self, timers: Timers, outbox: Outbox, flow: Flow) -> None:
        self._timers, self._outbox, self.flow = timers, outbox, flow
        self.state = State.NEW
        self.data = b""
        self.key: tuple[str, ...] = ()
        self.gone: Callable[[Transaction], None] | None = None
        self._interval = 0.0
        self._repeat: Timer | None = None
        self._limit: Timer | None = None

    def feed(self, event: Input, now: float) -> bool:
        """Take one step; False = the table has none, so the input was absorbed."""
        step = self.table.get((self.state, event))
        if step is None:
            return False
        self.state, actions = step
        for action in actions:
            action(self, now)
        return True

    def send(self, now: float) -> None:
        """Send, or repeat, the message at hand."""
        if self.data:
            self._outbox.append((self.data, self.flow))

    def arm_repeat(self, event: Input, interval: float, now: float) -> None:
        if self.flow.transport == "udp":
            self._interval = interval
            self._repeat = self._timers.set(now + interval, partial(self.feed, event))

    def double_repeat(self, event: Input, cap: float, now: float) -> None:
        self.arm_repeat(event, min(self._interval * 2, cap), now)

    def arm_limit(self, event: Input, seconds: float, now: float) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self._limit = self._timers.set(now + seconds, partial(self.feed, event))

    def quiet(self, now: float) -> None:
        """No more repetitions."""
        if self._repeat is not None:
            self._repeat.cancel()
            self._repeat = None

    def terminate(self, now: float = 0.0) -> None:
        """Forget everything and leave the transaction layer; idempotent."""
        self.state = State.TERMINATED
        self.quiet(now)
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
        gone, self.gone = self.gone, None
        if gone is not None:
            gone(self)
        self.release()

    def release(self) -> None:
        """Let go of the transaction user, which holds us: no cycle is left for the garbage collector."""

    def tell(self, now: float) -> None:
        """Hand the message that came to the transaction user."""

    def fail(self, now: float) -> None:
        """Tell the transaction user that no answer came."""

    def ack(self, now: float) -> None:
        """Acknowledge a 300-699 response (§17.1.1.3)."""


class ClientTransaction(Transaction):
    """Sends `request`; `heard(transaction, response, now)` gets each response, or None once for "no
    answer"."""

    __slots__ = ("_ack", "_heard", "request", "response", "spare")

    def __init__(
        self,
        timers: Timers,
        outbox: Outbox,
        request: Request,
        flow: Flow,
        heard: Callable[[ClientTransaction, Response | None, float], None],
    ) -> None:
        super().__init__(timers, outbox, flow)
        self.table = INVITE_CLIENT if request.method == "INVITE" else CLIENT
        self.request, self._heard = request, heard
        self.response: Response | None = None
        self.data = request.encode()
        self.spare: Flow | None = None  # another way, should none be by `flow`
        self._ack: bytes = b""

    def receive(self, response: Response, now: float) -> None:
        self.response = response
        fed = self.feed(classify(response.status), now)
        if fed and self.table is CLIENT and self.state is State.COMPLETED:
            del self.request, self.response  # what lingers for Timer K only absorbs

    def release(self) -> None:
        self._heard = _deaf

    def tell(self, now: float) -> None:
        self._heard(self, self.response, now)

    def fail(self, now: float) -> None:
        self._heard(self, None, now)

    def ack(self, now: float) -> None:
        if not self._ack and self.response is not None:
            self._ack = _ack_of_failure(self.request, self.response).encode()
        self._outbox.append((self._ack, self.flow))


class ServerTransaction(Transaction):
    """Answers a request.  `user` is told of an ACK in ACCEPTED and, by the stack, of a CANCEL.

    `flow` is where responses go (§18.2.2).  `answered` = a final response was sent; then `request` is gone,
    but for an INVITE's: thousands linger on a busy day, and need no more than the bytes to repeat.
    """

    __slots__ = ("merge_key", "request", "user")

    def __init__(self, timers: Timers, outbox: Outbox, request: Request, flow: Flow) -> None:
        super().__init__(timers, outbox, flow)
        self.table = INVITE_SERVER if request.method == "INVITE" else SERVER
        self.request = request
        self.merge_key: tuple[str, ...] = ()
        self.user: object | None = None

    @property
    def answered(self) -> bool:
        return self.state not in (State.NEW, State.TRYING, State.PROCEEDING)

    def respond(self, response: Response, now: float) -> None:
        """Send a response; LocalProtocolError after a final one (a 2xx to an INVITE may be repeated)."""
        before, self.data = self.data, response.encode()
        if not self.feed(classify(response.status), now):
            self.data = before
            raise LocalProtocolError(f"{response.status} to a transaction that is {self.state}")
        if self.table is SERVER and self.state is State.COMPLETED:
            del self.request

    def release(self) -> None:
        self.user = None

    def receive(self, request: Request, now: float) -> bool:
        """A retransmission or an ACK of ours; True if it was an ACK to a 2xx, which concerns the session."""
        accepted = self.state is State.ACCEPTED
        return self.feed(Input.ACK if request.method == "ACK" else Input.REQUEST, now) and accepted


def _deaf(transaction: ClientTransaction, response: Response | None, now: float) -> None:
    """Nobody listens any more."""


def _ack_of_failure(request: Request, response: Response) -> Request:
    """§17.1.1.3: the INVITE's Via, Route, From, Call-ID and CSeq number, the response's To."""
    headers = [("Via", request.all("Via")[0]), ("Max-Forwards", "70")]
    headers += [("Route", route) for route in request.all("Route")]
    headers += [
        ("From", request.get("From") or ""),
        ("To", response.get("To") or ""),
        ("Call-ID", request.call_id),
        ("CSeq", f"{request.cseq.number} ACK"),
    ]
    return build_request("ACK", request.uri, headers)


# -- the vocabulary of the tables ----------------------------------------------------------------------------

Action = Callable[[Transaction, float], None]
Table = Mapping[tuple[State, Input], tuple[State, tuple[Action, ...]]]


def send(transaction: Transaction, now: float) -> None:
    transaction.send(now)


def tell(transaction: Transaction, now: float) -> None:
    transaction.tell(now)


def fail(transaction: Transaction, now: float) -> None:
    transaction.fail(now)


def ack(transaction: Transaction, now: float) -> None:
    transaction.ack(now)


def quiet(transaction: Transaction, now: float) -> None:
    transaction.quiet(now)


def vanish(transaction: Transaction, now: float) -> None:
    transaction.terminate(now)


def repeat(event: Input, interval: float = T1) -> Action:
    """Over an unreliable transport, have `event` in `interval`."""
    return lambda transaction, now: transaction.arm_repeat(event, interval, now)


def repeat_later(event: Input, cap: float) -> Action:
    """The same again after twice the time, at most `cap`."""
    return lambda transaction, now: transaction.double_repeat(event, cap, now)


def limit(event: Input) -> Action:
    """End the waiting by `event` after 64*T1."""
    return lambda transaction, now: transaction.arm_limit(event, T64, now)


def linger(event: Input, seconds: float) -> Action:
    """Stay to absorb what the network may still repeat; a reliable transport repeats nothing."""
    return lambda transaction, now: transaction.arm_limit(
        event, seconds if transaction.flow.transport == "udp" else 0.0, now
    )


NO_CAP = float("inf")

# Figure 5 of RFC 3261 with Figure 1 of RFC 6026.  In PROCEEDING nothing limits the ringing: the user cancels.
# A connection that breaks ends the waiting for a first answer; after one, the peer may come back by another.
INVITE_CLIENT: Table = {
    (State.NEW, Input.START): (State.CALLING, (send, repeat(Input.TIMER_A), limit(Input.TIMER_B))),
    (State.CALLING, Input.TIMER_A): (State.CALLING, (send, repeat_later(Input.TIMER_A, NO_CAP))),
    (State.CALLING, Input.TIMER_B): (State.TERMINATED, (fail, vanish)),
    (State.CALLING, Input.BROKEN): (State.TERMINATED, (fail, vanish)),
    (State.CALLING, Input.PROVISIONAL): (State.PROCEEDING, (quiet, tell)),
    (State.CALLING, Input.SUCCESS): (State.ACCEPTED, (quiet, limit(Input.TIMER_M), tell)),
    (State.CALLING, Input.FAILURE): (State.COMPLETED, (quiet, linger(Input.TIMER_D, TIMER_D), ack, tell)),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, (tell,)),
    (State.PROCEEDING, Input.SUCCESS): (State.ACCEPTED, (limit(Input.TIMER_M), tell)),
    (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, (linger(Input.TIMER_D, TIMER_D), ack, tell)),
    (State.ACCEPTED, Input.SUCCESS): (State.ACCEPTED, (tell,)),
    (State.ACCEPTED, Input.TIMER_M): (State.TERMINATED, (vanish,)),
    (State.COMPLETED, Input.FAILURE): (State.COMPLETED, (ack,)),
    (State.COMPLETED, Input.TIMER_D): (State.TERMINATED, (vanish,)),
}

# Figure 6
CLIENT: Table = {
    (State.NEW, Input.START): (State.TRYING, (send, repeat(Input.TIMER_E), limit(Input.TIMER_F))),
    (State.TRYING, Input.TIMER_E): (State.TRYING, (send, repeat_later(Input.TIMER_E, T2))),
    (State.TRYING, Input.TIMER_F): (State.TERMINATED, (fail, vanish)),
    (State.TRYING, Input.BROKEN): (State.TERMINATED, (fail, vanish)),
    (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, (tell,)),
    (State.TRYING, Input.SUCCESS): (State.COMPLETED, (quiet, linger(Input.TIMER_K, T4), tell)),
    (State.TRYING, Input.FAILURE): (State.COMPLETED, (quiet, linger(Input.TIMER_K, T4), tell)),
    (State.PROCEEDING, Input.TIMER_E): (State.PROCEEDING, (send, repeat(Input.TIMER_E, T2))),
    (State.PROCEEDING, Input.TIMER_F): (State.TERMINATED, (fail, vanish)),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, (tell,)),
    (State.PROCEEDING, Input.SUCCESS): (State.COMPLETED, (quiet, linger(Input.TIMER_K, T4), tell)),
    (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, (quiet, linger(Input.TIMER_K, T4), tell)),
    (State.COMPLETED, Input.TIMER_K): (State.TERMINATED, (vanish,)),
}

# Figure 7 of RFC 3261 with Figure 3 of RFC 6026; the user repeats a 2xx itself (§13.3.1.4).  Once the 2xx is
# acknowledged the peer repeats its INVITE no more, so ACCEPTED then lasts T4, as CONFIRMED does, instead of
# Timer L's 64*T1: what a busy exchange remembers shrinks by a factor of six.
INVITE_SERVER: Table = {
    (State.NEW, Input.START): (State.PROCEEDING, ()),
    (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, (send,)),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, (send,)),
    (State.PROCEEDING, Input.SUCCESS): (State.ACCEPTED, (send, limit(Input.TIMER_L))),
    (State.PROCEEDING, Input.FAILURE): (
        State.COMPLETED,
        (send, repeat(Input.TIMER_G), limit(Input.TIMER_H)),
    ),
    (State.ACCEPTED, Input.SUCCESS): (State.ACCEPTED, (send,)),
    (State.ACCEPTED, Input.ACK): (State.ACCEPTED, (linger(Input.TIMER_L, T4),)),
    (State.ACCEPTED, Input.TIMER_L): (State.TERMINATED, (vanish,)),
    (State.COMPLETED, Input.REQUEST): (State.COMPLETED, (send,)),
    (State.COMPLETED, Input.TIMER_G): (State.COMPLETED, (send, repeat_later(Input.TIMER_G, T2))),
    (State.COMPLETED, Input.ACK): (State.CONFIRMED, (quiet, linger(Input.TIMER_I, T4))),
    (State.COMPLETED, Input.TIMER_H): (State.TERMINATED, (vanish,)),
    (State.CONFIRMED, Input.TIMER_I): (State.TERMINATED, (vanish,)),
}

# Figure 8
SERVER: Table = {
    (State.NEW, Input.START): (State.TRYING, ()),
    (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, (send,)),
    (State.TRYING, Input.SUCCESS): (State.COMPLETED, (send, linger(Input.TIMER_J, T64))),
    (State.TRYING, Input.FAILURE): (State.COMPLETED, (send, linger(Input.TIMER_J, T64))),
    (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, (send,)),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, (send,)),
    (State.PROCEEDING, Input.SUCCESS): (State.COMPLETED, (send, linger(Input.TIMER_J, T64))),
    (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, (send, linger(Input.TIMER_J, T64))),
    (State.COMPLETED, Input.REQUEST): (State.COMPLETED, (send,)),
    (State.COMPLETED, Input.TIMER_J): (State.TERMINATED, (vanish,)),
}
