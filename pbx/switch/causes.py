"""Why a leg or a call ended: one word for records and metrics, a SIP status and a Q.850 number for the wire,
a sentence for people."""

import re
from collections.abc import Iterable
from enum import Enum


class Cause(Enum):
    """(SIP status, Q.850 cause, words).  The statuses are RFC 3261 §21's, the numbers ITU-T Q.850's."""

    NORMAL = 200, 16, "hung up"
    CANCELLED = 487, 16, "the caller gave up"
    TRANSFERRED = 487, 16, "transferred"
    MOVED = 480, 16, "sent on to another number"
    ANSWERED_ELSEWHERE = 487, 26, "another phone answered"
    BUSY = 486, 17, "busy"
    DECLINED = 603, 21, "declined"
    NO_ANSWER = 480, 19, "nobody answered"
    OFFLINE = 480, 20, "no phone is registered"
    UNAVAILABLE = 480, 20, "the phone is not available"
    NOT_FOUND = 404, 1, "no such number"
    FORBIDDEN = 403, 21, "not allowed"
    LOOP = 482, 25, "the call came back to itself"
    NO_CODEC = 488, 65, "no audio format in common"
    WEBRTC = 488, 65, "the audio of browsers (DTLS-SRTP) is not spoken here"
    BAD_REQUEST = 400, 127, "a malformed request"
    NO_PORTS = 503, 34, "no audio port free"
    UNREACHABLE = 408, 18, "the phone did not answer our messages"
    NO_ACK = 408, 102, "the answer was never acknowledged: the ACK did not arrive"
    NOT_LET_IN = 503, 21, "the carrier refused our user name or password"
    NO_TRUNK = 503, 38, "the carrier cannot be reached"
    TRUNK_FULL = 503, 34, "the carrier's lines are all in use"
    EXPIRED = 408, 102, "the phone was not heard of any more"
    AUDIO_LOST = 500, 41, "no audio arrived"
    MEDIA_FAILED = 503, 47, "the audio port could not be opened"
    FAILED = 500, 41, "the call failed"
    HUNG_UP_BY_ADMIN = 480, 16, "hung up from the console"
    SHUTDOWN = 503, 41, "the phone system was stopped"
    RESTARTED = 503, 41, "the phone system was restarted while it rang"

    def __init__(self, status: int, q850: int, words: str) -> None:
        self.status, self.q850, self.words = status, q850, words

    @property
    def reason(self) -> str:
        """The Reason header's value (RFC 3326): the Q.850 cause, or what keeps a phone from listing a
        missed call."""
        if self is Cause.ANSWERED_ELSEWHERE:
            return 'SIP;cause=200;text="Call completed elsewhere"'
        return f'Q.850;cause={self.q850};text="{self.words}"'

    @property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """The header of a refusal that says what was wrong with the description (§20.43)."""
        code = {"NO_CODEC": 305, "WEBRTC": 302}.get(self.name)
        return () if code is None else (("Warning", f'{code} warden "{self.words}"'),)

    @property
    def slug(self) -> str:
        """The word in records, metrics and the API: "no_answer"."""
        return self.name.lower()


_OF_STATUS = {
    403: Cause.FORBIDDEN,
    404: Cause.NOT_FOUND,
    406: Cause.NO_CODEC,
    408: Cause.UNREACHABLE,
    410: Cause.NOT_FOUND,
    415: Cause.NO_CODEC,
    480: Cause.UNAVAILABLE,
    482: Cause.LOOP,
    483: Cause.LOOP,
    484: Cause.NOT_FOUND,
    486: Cause.BUSY,
    487: Cause.UNAVAILABLE,
    488: Cause.NO_CODEC,
    600: Cause.BUSY,
    603: Cause.DECLINED,
    604: Cause.NOT_FOUND,
    606: Cause.NO_CODEC,
    607: Cause.DECLINED,
    608: Cause.DECLINED,
}
_RELAYED = frozenset(_OF_STATUS) - {408, 487}

# Of several phones that refused, the one whose word says most to the caller is passed on (RFC 3261 §16.7
# item 6 lets an element choose): a person's "no" before a machine's.
_TELLING = (
    Cause.DECLINED,
    Cause.BUSY,
    Cause.FORBIDDEN,
    Cause.NO_CODEC,
    Cause.UNAVAILABLE,
    Cause.NOT_FOUND,
    Cause.LOOP,
    Cause.NOT_LET_IN,
    Cause.NO_TRUNK,
    Cause.UNREACHABLE,
)


def of_status(status: int) -> Cause:
    """The cause behind a phone's final refusal.  A 3xx that leads nowhere counts as unavailable; a
    6xx that we do not know counts as 600 (§8.1.3.2)."""
    if 300 <= status < 400:
        return Cause.UNAVAILABLE
    return _OF_STATUS.get(status, Cause.BUSY if status >= 600 else Cause.FAILED)


_OF_CARRIER = {401: Cause.NOT_LET_IN, 407: Cause.NOT_LET_IN} | dict.fromkeys(
    (408, 500, 502, 503, 504), Cause.NO_TRUNK
)


def of_carrier(status: int) -> Cause:
    """The cause behind a carrier's final refusal, or its silence (408)."""
    return _OF_CARRIER.get(status) or of_status(status)


_ELSEWHERE = re.compile(r"SIP\s*;\s*cause=200\b", re.I)
_Q850 = re.compile(r"Q\.850\s*;\s*cause=([0-9]{1,3})\b", re.I)


def of_cancel(reason: str) -> Cause:
    """Why the caller gave up, by its CANCEL's Reason: what somebody else took is no missed call."""
    return Cause.ANSWERED_ELSEWHERE if _ELSEWHERE.search(reason) else Cause.CANCELLED


def passed_on(reason: str) -> str:
    """The Reason that the other party is given for this one (RFC 3326): one Q.850 number, nobody's words.  ""
    = it says none."""
    found = _Q850.search(reason)
    return f"Q.850;cause={found[1]}" if found is not None and 0 < int(found[1]) < 128 else ""


def relayed(status: int) -> int:
    """The status to pass on to the caller for a phone's refusal, 0 = the cause's own.

    Not passed on: what speaks of our own dialog with the phone (401, 407, 481, 487, 491 …), its time-out,
    and server errors, which would make the caller give up on us (§16.7 item 6).
    """
    return status if status in _RELAYED or status >= 600 else 0


def most_telling(causes: Iterable[Cause]) -> Cause:
    """The one to give the caller when every phone refused."""
    given = set(causes)
    return next((cause for cause in _TELLING if cause in given), Cause.FAILED)
