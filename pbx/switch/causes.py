"""Why a leg or a call ended: one word for records and metrics, a SIP status and a Q.850 number for the wire, a sentence
for people."""

from enum import Enum


class Cause(Enum):
    """(SIP status, Q.850 cause, words).  The statuses are RFC 3261 §21's, the numbers ITU-T Q.850's."""

    NORMAL = 200, 16, "hung up"
    CANCELLED = 487, 16, "the caller gave up"
    BUSY = 486, 17, "busy"
    DECLINED = 603, 21, "declined"
    NO_ANSWER = 480, 19, "nobody answered"
    OFFLINE = 480, 20, "no phone is registered"
    NOT_FOUND = 404, 1, "no such number"
    FORBIDDEN = 403, 21, "not allowed"
    LOOP = 482, 25, "the call came back to itself"
    NO_CODEC = 488, 65, "no audio format in common"
    BAD_REQUEST = 400, 127, "a malformed request"
    NO_PORTS = 503, 34, "no audio port free"
    UNREACHABLE = 408, 18, "the phone did not answer our messages"
    AUDIO_LOST = 500, 41, "no audio arrived"
    MEDIA_FAILED = 503, 47, "the audio port could not be opened"
    FAILED = 500, 41, "the call failed"
    HUNG_UP_BY_ADMIN = 200, 16, "hung up from the console"
    SHUTDOWN = 503, 41, "the phone system was stopped"

    def __init__(self, status: int, q850: int, words: str) -> None:
        self.status, self.q850, self.words = status, q850, words

    @property
    def slug(self) -> str:
        """The word in records, metrics and the API: "no_answer"."""
        return self.name.lower()
