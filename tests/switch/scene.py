"""A call between two phones as a script of short words, for races: what is joined by "+" crosses on the wire.

    "b ring; a cancel + b answer; 33"

At each step the messages of all its words are sent before any of them arrives, and arrive in that order;
then a tenth of a second passes, or so many seconds as the step says.  "lose a ACK" has the wire lose every
ACK from or to "a" (or every 200, with "lose a 200") until "keep".  "a" calls, "b" is called, "c" is a third.
"""

from collections.abc import Callable
from functools import partial
from itertools import groupby
from types import MappingProxyType

from pbx.sip.message import Request, Response
from tests.world import DOMAIN, Phone, PhoneCall, World

OFFERS = MappingProxyType(
    {
        "": "",
        "timer": "Supported: timer\r\nSession-Expires: 120;refresher=uac\r\n",
        "100rel": "Require: 100rel\r\n",
    }
)
"""What the caller's INVITE may say besides."""

TAKES = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, REFER, NOTIFY\r\n"


class Scene:
    """`call["a"]` and `call["b"]` are the two sides of the one call."""

    def __init__(self, offers: str = "", kind: type[World] = World) -> None:
        self.world = kind("1001", "1002", "1003")
        self.phones = {
            name: self.world.phone(f"100{number}", f"192.0.2.1{number}")
            for number, name in enumerate("abc", start=1)
        }
        for phone in self.phones.values():
            _learn(phone)
        self.call: dict[str, PhoneCall] = {"a": self.phones["a"].call("1002", extra=TAKES + OFFERS[offers])}
        self.world.run(0.1)
        self.call["b"] = self.phones["b"].incoming

    def play(self, script: str) -> "Scene":
        for step in script.split(";"):
            pause = 0.1
            for word in step.split("+"):
                match word.split():
                    case [number] if number.replace(".", "").isdigit():
                        pause = float(number)
                    case ["lose", who, what]:
                        self.world.lose = partial(self._lost, self.phones[who].address.host.encode(), what)
                    case ["keep"]:
                        self.world.lose = lambda data: False
                    case [who, verb, *more]:
                        for call in self._call_of(who, verb):
                            VERBS[verb](call, *more)
            self.world.run(pause)
        return self

    def _call_of(self, who: str, verb: str) -> list[PhoneCall]:
        """None where there is nothing to answer."""
        answers = [call for call in self.phones[who].calls if call.invite is not None]
        call = self.call[who] if who in self.call else next(reversed(answers), None)
        return [call] if call is not None and (call in answers or verb not in ANSWERS) else []

    @staticmethod
    def _lost(host: bytes, what: str, data: bytes) -> bool:
        return data.startswith((f"{what} ".encode(), f"SIP/2.0 {what} ".encode())) and host in data

    # -- what is to be seen

    def log(self, who: str) -> str:
        """What came to this side, but for challenges and "100"; "200*3" = three times in a row."""
        log = [word for word in self.call[who].log if word not in ("401", "100")]
        runs = [(word, len(list(same))) for word, same in groupby(log)]
        return " ".join(word if count == 1 else f"{word}*{count}" for word, count in runs)

    @property
    def state(self) -> str:
        return ", ".join(view.state for view in self.world.switch.calls())

    @property
    def hears(self) -> str:
        """Who hears whom: "ab ba" = both."""
        names = {phone.address.host: name for name, phone in self.phones.items()}
        wants = list(self.world.media.wanted.values())
        legs = {leg.leg: names[leg.sources[0]] for want in wants for leg in want.legs}
        return " ".join(sorted(legs[one] + legs[two] for want in wants for one, two in want.hears))

    def done(self) -> str:
        """Everybody hangs up; nothing is left.  The record's cause."""
        self.world.lose = lambda data: False
        for call in self.call.values():
            if not call.over:
                call.auto = True
        for view in self.world.switch.calls():
            self.world.switch.hang_up(view.call, self.world.now)
        self.world.nothing_left()
        return self.world.record.cause


def _learn(phone: Phone) -> None:
    """Has the phone answer NOTIFY, and know the dialog and the number of a provisional response."""
    take, hear = phone._request, phone._response

    def request(message: Request) -> None:
        take(message)
        if message.method == "NOTIFY":
            phone.answer(message, 200, message.get("To") or "", "Content-Length: 0\r\n\r\n")

    def response(message: Response) -> None:
        hear(message)
        if 100 < message.status < 200:
            call = next(call for call in phone.calls if call.call_id == message.call_id)
            call.remote, call.target = message.get("To") or "", str(message.contacts[0].uri)
            phone.password = f"{message.get('RSeq')} {message.cseq.number}"

    phone._request, phone._response = request, response  # type: ignore[method-assign]


def _refer(call: PhoneCall) -> None:
    call.cseq += 1
    phone, to = call.phone, f"Refer-To: <sip:1003@{DOMAIN}>\r\n"
    call.sent = phone.request(
        "REFER", call.target, call.local, call.remote, call.call_id, call.cseq, extra=to
    )


def _prack(call: PhoneCall) -> None:
    """Acknowledges the reliable response that came last."""
    phone, ack = call.phone, f"RAck: {call.phone.password} INVITE\r\n"
    call.cseq += 1
    call.sent = phone.request(
        "PRACK", call.target, call.local, call.remote, call.call_id, call.cseq, extra=ack
    )


def _again(call: PhoneCall) -> None:
    call.phone.send(call.sent)


ANSWERS = ("ring", "early", "answer", "agree", "say")

VERBS: MappingProxyType[str, Callable[..., None]] = MappingProxyType(
    {
        "ring": lambda call: call.ring(),
        "early": lambda call: call.reply(183, call.phone.sdp()),
        "answer": lambda call: call.reply(200, call.phone.sdp(), extra=TAKES),
        "agree": lambda call, way="sendrecv": call.reply(200, call.phone.sdp(direction=way)),
        "say": lambda call, status: call.reply(int(status)),
        "cancel": lambda call: call.cancel(),
        "bye": lambda call: call.bye(),
        "hold": lambda call: call.reinvite("sendonly"),
        "resume": lambda call: call.reinvite("sendrecv"),
        "ask": lambda call: call.request("INVITE"),
        "update": lambda call, way="sendonly": call.request("UPDATE", call.phone.sdp(direction=way)),
        "refer": _refer,
        "prack": _prack,
        "again": _again,
    }
)
