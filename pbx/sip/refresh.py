"""Session timers (RFC 4028): a session that nobody refreshes in time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pbx.sip.errors import RemoteProtocolError
from pbx.sip.grammar import get_param, parse_params
from pbx.sip.inspect import Headers
from pbx.sip.message import Message, Request, Response
from pbx.sip.timers import Timer
from pbx.sip.transaction import ClientTransaction

if TYPE_CHECKING:
    from pbx.sip.session import Session

_LONGEST = 86400
_AGAIN = 5.0  # seconds until a refresh that had to wait for an offer under way


class Wish(NamedTuple):
    """A Session-Expires header: seconds, and who is to refresh ("uac", "uas" or "" = not said)."""

    interval: int
    refresher: str


def wish(message: Message) -> Wish | None:
    """What a message asks for; None when it asks for no timer, or in words that nobody understands."""
    text = message.get("Session-Expires")
    if text is None:
        return None
    number, semicolon, rest = text.partition(";")
    number = number.strip()
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    try:
        refresher = (get_param(parse_params(semicolon + rest), "refresher") or "").lower()
    except RemoteProtocolError:
        refresher = ""
    return Wish(min(int(number), _LONGEST), refresher if refresher in ("uac", "uas") else "")


def too_small(request: Request, least: int) -> bool:
    """Whether a 422 is due: only a peer that knows the extension understands it (§9)."""
    asked = wish(request)
    return asked is not None and asked.interval < least and "timer" in request.supported


def offered(interval: int, least: int) -> Headers:
    """What our INVITE says."""
    return (("Session-Expires", f"{interval}"), ("Min-SE", f"{least}"))


class SessionTimer:
    """`ours` = we refresh, at half the interval; else the peer must, and its silence ends the session."""

    __slots__ = ("_session", "_timer", "interval", "ours")

    def __init__(self, session: Session, interval: int, ours: bool, now: float) -> None:
        self._session, self.interval, self.ours = session, interval, ours
        self._timer: Timer | None = None
        self.restart(now)

    def restart(self, now: float) -> None:
        self.stop()
        if self.ours:
            self._set(now + self.interval / 2)
        else:  # §10: a little before, so that the BYE still finds the dialog
            self._set(now + self.interval - min(32.0, self.interval / 3))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def headers(self) -> Headers:
        """On a request of ours."""
        return (("Session-Expires", f"{self.interval};refresher={'uac' if self.ours else 'uas'}"),)

    def _set(self, when: float) -> None:
        self._timer = self._session.core.timers.set(when, self._due)

    def _due(self, now: float) -> None:
        session = self._session
        if session.over:
            return
        if not self.ours:
            session.die("expired", now)
        elif "UPDATE" in session.allowed:
            self._update(now)
        elif session.can_offer and session.said is not None:
            self.restart(now)
            session.offer(session.said, now)
        else:
            self._set(now + _AGAIN)

    def _update(self, now: float) -> None:
        """Without a session description: nothing changes but the time (§7.4)."""
        self.restart(now)
        session = self._session
        assert session.dialog is not None
        headers = [("Contact", session.contact()), ("Supported", "timer"), *self.headers]
        request = session.dialog.request("UPDATE", headers)
        session.touch()
        session.core.transactions.request(request, session.dialog.flow, now, self._heard)

    def _heard(self, transaction: ClientTransaction, response: Response | None, now: float) -> None:
        session = self._session
        if session.over or (response is not None and response.status < 200):
            return
        if response is None:
            session.die("timeout", now)
        elif response.status in (408, 481):
            session.die("gone", now)
        elif response.status == 422:
            self.interval = max(self.interval, least_of(response))
            self._update(now)
        elif response.status < 300:
            follow(session, response, now)


def least_of(response: Response) -> int:
    """The Min-SE of a 422, at most a day."""
    text = (response.get("Min-SE") or "").partition(";")[0].strip()
    return min(int(text), _LONGEST) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def agree(session: Session, request: Request, now: float) -> Headers:
    """Our 2xx to an INVITE or UPDATE of the peer's: what it says of the timer, which is (re)started (§9)."""
    asked, knows = wish(request), "timer" in request.supported
    if asked is None and not knows:
        stop(session)
        return ()
    settings = session.core.settings
    interval = max(asked.interval if asked else settings.session_expires, settings.min_se)
    ours = not knows or (asked is not None and asked.refresher == "uas")
    start(session, interval, ours, now)
    told = ("Session-Expires", f"{interval};refresher={'uas' if ours else 'uac'}")
    return (told,) if ours else (("Require", "timer"), told)


def follow(session: Session, response: Response, now: float) -> None:
    """The peer's 2xx to an INVITE or UPDATE of ours (§7.2); without a timer in it there is none."""
    told = wish(response)
    if told is None:
        stop(session)
    else:
        start(session, max(told.interval, 1), told.refresher != "uas", now)


def start(session: Session, interval: int, ours: bool, now: float) -> None:
    if session.timer is not None:
        session.timer.stop()
    session.timer = SessionTimer(session, interval, ours, now)


def stop(session: Session) -> None:
    if session.timer is not None:
        session.timer.stop()
        session.timer = None
