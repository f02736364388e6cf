"""A carrier that challenges what we send in and outside of a call."""

from pbx.sip.credentials import WRONG
from pbx.sip.events import Answered, OfferAnswered, Refused
from pbx.sip.flow import Flow
from pbx.sip.headers import Auth, NameAddr
from pbx.sip.message import Message, Request
from pbx.sip.outgoing import OutgoingSession
from pbx.sip.uri import Uri
from tests.sip.kit import ANSWER, SERVER, TRUNK, Phone, Rig, labels, sdp

CHALLENGE = 'Digest realm="c", nonce="{}", qop="auth"{}'


class Carrier(Phone):
    """The other end of a call that we make with a login."""

    def __init__(self) -> None:
        super().__init__(Rig(), "0301234", TRUNK)
        stack = self.rig.stack
        self.session: OutgoingSession = stack.invite(
            Uri.parse("sip:0301234@carrier.test"),
            Flow("udp", SERVER, TRUNK),
            from_=NameAddr.parse("<sip:anna@carrier.test>"),
            to=NameAddr.parse("<sip:0301234@carrier.test>"),
            sdp=sdp(),
            now=self.rig.now,
            user="token",
            login=stack.login("anna", "geheim"),
        )
        (self.sent,) = self.rig.drain()

    def challenge(self, request: Message, nonce: str, status: int = 407, more: str = "") -> list[Message]:
        name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
        return self.answer(request, status, headers=[f"{name}: {CHALLENGE.format(nonce, more)}"])

    def nothing_left(self) -> None:
        self.rig.wait(100)
        assert self.rig.stack.idle


def test_the_authenticated_retry_is_the_same_call() -> None:
    carrier = Carrier()
    first = carrier.sent
    ack, second = carrier.challenge(first, "n1")
    assert labels([ack, second]) == ["ACK", "INVITE"]
    assert isinstance(second, Request)
    assert (second.call_id, second.from_, second.raw_uri) == (first.call_id, first.from_, first.raw_uri)  # type: ignore[attr-defined]
    assert (second.cseq.number, second.body) == (2, first.body)
    assert second.via.branch != first.via.branch
    assert second.get("Contact") == f"<sip:token@{SERVER}>"
    (confirm,) = carrier.answer(second, 200, body=ANSWER)
    assert carrier.rig.event(Answered)
    assert confirm.cseq == (2, "ACK")
    assert confirm.get("Proxy-Authorization") == second.get("Proxy-Authorization")
    carrier.session.bye(carrier.rig.now)
    (bye,) = carrier.rig.drain()
    assert bye.cseq.number == 3
    assert Auth.parse(bye.get("Proxy-Authorization") or "").get("nc") == "00000002"
    carrier.answer(bye, 200)
    carrier.nothing_left()


def test_a_wrong_password_is_refused_once_and_said_so() -> None:
    carrier = Carrier()
    _, second = carrier.challenge(carrier.sent, "n1")
    assert labels(carrier.challenge(second, "n2")) == ["ACK"]
    assert carrier.rig.event(Refused).status == 407
    assert carrier.session.why == WRONG
    carrier.nothing_left()


def test_a_carrier_that_calls_every_nonce_stale_is_given_up() -> None:
    carrier = Carrier()
    request, count = carrier.sent, 0
    while (answers := carrier.challenge(request, f"n{count}", more=", stale=true"))[1:]:
        request, count = answers[1], count + 1
    assert count == 4
    assert carrier.rig.event(Refused).status == 407
    carrier.nothing_left()


def test_a_challenged_reinvite_and_a_challenged_bye_go_out_again() -> None:
    carrier = Carrier()
    carrier.answer(carrier.sent, 200, body=ANSWER)
    carrier.rig.event(Answered)
    carrier.session.offer(sdp(), carrier.rig.now)
    (offer,) = carrier.rig.drain()
    _, again = carrier.challenge(offer, "n1", 401)
    assert again.cseq.number == 3
    assert again.body == offer.body
    (ack,) = carrier.answer(again, 200, body=ANSWER)
    assert ack.get("Authorization") == again.get("Authorization")
    assert carrier.rig.event(OfferAnswered)
    carrier.session.bye(carrier.rig.now, "Q.850;cause=16")
    (bye,) = carrier.rig.drain()
    (last,) = carrier.challenge(bye, "n2", 401, ", stale=true")
    assert last.cseq.number == 5
    assert last.get("Reason") == "Q.850;cause=16"
    carrier.answer(last, 200)
    carrier.nothing_left()


def test_a_challenge_that_comes_after_our_cancel_ends_it() -> None:
    carrier = Carrier()
    carrier.session.cancel(carrier.rig.now)
    assert labels(carrier.challenge(carrier.sent, "n1")) == ["ACK"]
    assert carrier.rig.event(Refused).status == 407
    carrier.nothing_left()
