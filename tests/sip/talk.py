"""An established session, as UAC or UAS, and the phone at its other end."""

from pbx.sip.events import Answered, Confirmed, Invited, Offered
from pbx.sip.message import Message, Request
from pbx.sip.session import Session
from tests.sip.kit import ANSWER, BOB, OFFER, TRUNK, Phone, Rig, labels, sdp

HOLD = OFFER + b"a=sendonly\r\n"


class Talk:
    """A confirmed session and the phone at its other end."""

    def __init__(self, outgoing: bool, confirm: bool = True) -> None:
        self.rig = Rig()
        self.outgoing = outgoing
        if outgoing:
            self.phone = Phone(self.rig, "1002", BOB)
            self.session = self.rig.call(self.phone)
            self.phone.answer(self.phone.invite, 200, body=ANSWER)
            self.rig.event(Answered)
            self.phone.call_id = self.phone.invite.call_id
            assert isinstance(self.phone.invite, Request)
            self.phone.remote_tag = self.phone.invite.from_.tag or ""
        else:
            self.phone = Phone(self.rig, "9", TRUNK)
            self.phone.say("INVITE", body=OFFER)
            self.session = self.rig.event(Invited).session
            self.session.answer(sdp(ANSWER), self.rig.now)
            self.rig.drain()
            self.phone.remote_tag = self.session.id
            if confirm:
                self.phone.say("ACK")
                self.rig.event(Confirmed)

    def say(self, method: str, **how: object) -> list[Message]:
        return self.phone.say(method, uri="sip:1001@10.0.0.1:5060", **how)

    def offer(self, body: bytes = HOLD) -> Request:
        """We offer; the re-INVITE that goes out."""
        self.session.offer(sdp(body), self.rig.now)
        (request,) = self.rig.drain()
        assert isinstance(request, Request)
        return request

    def held(self) -> Session:
        """The phone re-INVITEs; the session, with its offer told."""
        assert labels(self.say("INVITE", body=HOLD)) == ["100 INVITE"]
        assert self.rig.event(Offered).sdp == sdp(HOLD)
        return self.session
