"""The registration of a trunk in virtual time, at registrars that say what a test tells them."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from pbx.sip.flow import Address, Flow
from pbx.sip.headers import Auth, NameAddr
from pbx.sip.message import Request, parse
from pbx.sip.registration import PING, Registration, State, Wish
from pbx.sip.uri import Uri
from tests.sip.kit import SERVER, Rig

ONE, TWO = Address("203.0.113.5", 5060), Address("203.0.113.6", 5060)
CHALLENGE = 'WWW-Authenticate: Digest realm="c", nonce="{}", qop="auth"{}'

Answers = Callable[[Request], tuple[int, list[str]] | None]


def granted(request: Request, seconds: int = 600, *more: str) -> tuple[int, list[str]]:
    return 200, [f"Contact: {request.get('Contact')};expires={seconds}", *more]


class Carrier:
    """A trunk's registration and the registrars at ONE and TWO, which `answers` speaks for."""

    def __init__(self, answers: Answers, flows: tuple[Address, ...] = (ONE,), transport: str = "udp") -> None:
        self.rig = Rig()
        self.answers = answers
        self.seen: Address | None = None  # the address outside of our router
        self.asked: list[tuple[float, Request, Address]] = []
        self.pings = 0
        self.lost: list[bytes] = []
        stack = self.rig.stack
        wish = Wish(Uri.parse("sip:carrier.test"), NameAddr.parse("<sip:anna@carrier.test>"), "token", 600)
        self.told: list[State] = []
        self.machine: Registration = stack.registration(
            wish, stack.login("anna", "geheim"), lambda now: self.told.append(self.machine.state)
        )
        self.flows = tuple(Flow(transport, SERVER, address) for address in flows)
        self.machine.start(self.flows, self.rig.now)
        self.run()

    def run(self, seconds: float = 0.0) -> None:
        stack, rig = self.rig.stack, self.rig
        end = rig.now + seconds
        while True:
            while stack.outbox:
                self._take(*stack.outbox.pop(0))
            due = stack.deadline()
            if due is None or due > end:
                rig.now = end
                return
            rig.now = max(rig.now, due)
            stack.advance(rig.now)

    def _take(self, data: bytes, flow: Flow) -> None:
        if data == PING:
            self.pings += 1
            return
        request = parse(data)
        assert isinstance(request, Request)
        self.asked.append((self.rig.now, request, flow.remote))
        answer = self.answers(request) if flow.remote == self.asked[-1][2] else None
        if answer is None:
            return
        via = request.get("Via") or ""
        if self.seen is not None:
            via = via.replace(";rport", f";rport={self.seen.port};received={self.seen.host}")
        status, headers = answer
        lines = [f"SIP/2.0 {status} Word", f"Via: {via}", f"From: {request.get('From')}",
                 f"To: {request.get('To')};tag=c", f"Call-ID: {request.call_id}",
                 f"CSeq: {request.get('CSeq')}", *headers, "Content-Length: 0", "", ""]  # fmt: skip
        self.rig.stack.receive("\r\n".join(lines).encode(), flow, self.rig.now)

    @property
    def requests(self) -> list[Request]:
        return [request for _, request, _ in self.asked]

    def leave(self) -> None:
        """Stop, and nothing is left."""
        self.machine.stop(self.rig.now)
        self.run(100)
        assert self.machine.state is State.OVER
        assert self.rig.stack.idle
        assert self.rig.stack.counts["timers"] == 0


def test_challenged_granted_and_unregistered() -> None:
    def answers(request: Request) -> tuple[int, list[str]]:
        if request.get("Authorization") is None:
            return 401, [CHALLENGE.format("n1", "")]
        return granted(request)

    carrier = Carrier(answers)
    first, second = carrier.requests
    assert carrier.told == [State.ASKING, State.UP]
    assert (first.call_id, first.from_.tag) == (second.call_id, second.from_.tag)
    assert second.cseq.number == first.cseq.number + 1
    assert first.raw_uri == "sip:carrier.test"
    carrier.leave()
    last = carrier.requests[-1]
    assert last.get("Expires") == "0"
    assert last.get("Authorization"), "the nonce is good for it too"


def test_hours_of_refreshes_with_one_nonce_and_signs_of_life_between() -> None:
    def answers(request: Request) -> tuple[int, list[str]]:
        if request.get("Authorization") is None:
            return 401, [CHALLENGE.format("n1", "")]
        return granted(request, 120)

    carrier = Carrier(answers)
    carrier.run(3 * 3600)
    times = [when for when, _, _ in carrier.asked[1:]]
    gaps = [after - before for before, after in pairwise(times)]
    assert all(60 <= gap <= 90 for gap in gaps), "between half and three quarters of what was granted"
    counts = [Auth.parse(request.get("Authorization") or "").get("nc") for request in carrier.requests[1:]]
    assert counts == [f"{number:08x}" for number in range(1, len(counts) + 1)]
    assert carrier.pings == pytest.approx(3 * 3600 / 25, abs=2)
    assert set(carrier.told) == {State.ASKING, State.UP, State.RENEWING}
    carrier.leave()


def test_the_header_says_how_long_when_the_contact_does_not() -> None:
    carrier = Carrier(lambda request: (200, [f"Contact: {request.get('Contact')}", "Expires: 100"]))
    carrier.run(76)
    assert len(carrier.asked) == 2
    carrier.leave()


def test_too_brief_for_the_registrar() -> None:
    def answers(request: Request) -> tuple[int, list[str]]:
        return granted(request, 1800) if request.get("Expires") == "1800" else (423, ["Min-Expires: 1800"])

    carrier = Carrier(answers)
    assert [request.get("Expires") for request in carrier.requests] == ["600", "1800"]
    assert carrier.machine.registered
    carrier.leave()


def test_a_stale_nonce_costs_one_round_trip_and_no_state() -> None:
    current = ["n1"]

    def answers(request: Request) -> tuple[int, list[str]]:
        auth = request.get("Authorization")
        if auth is None or f'nonce="{current[0]}"' not in auth:
            return 401, [CHALLENGE.format(current[0], "" if auth is None else ", stale=true")]
        return granted(request)

    carrier = Carrier(answers)
    current[0] = "n2"
    carrier.run(460)
    assert len(carrier.asked) == 4
    assert State.WAITING not in carrier.told
    assert carrier.machine.registered
    carrier.leave()


def test_a_wrong_password_does_not_hammer() -> None:
    nonces = iter(range(100_000))
    carrier = Carrier(lambda request: (401, [CHALLENGE.format(next(nonces), "")]))
    assert carrier.machine.state is State.WAITING
    assert "the user name or the password is wrong" in carrier.machine.why
    carrier.run(24 * 3600)
    assert len(carrier.asked) < 2 * 70, "a pair of requests each half hour"
    carrier.leave()


def test_a_busy_registrar_is_left_alone_as_long_as_it_asks_and_then_longer_and_longer() -> None:
    carrier = Carrier(lambda request: (503, ["Retry-After: 120 (maintenance)"]))
    carrier.run(119)
    assert len(carrier.asked) == 1
    carrier.run(2)
    assert len(carrier.asked) == 2
    carrier.answers = lambda request: (503, [])
    before = len(carrier.asked)
    carrier.run(3600)
    assert 12 <= len(carrier.asked) - before <= 25, "about each five minutes"
    carrier.answers = granted
    carrier.run(301)
    assert carrier.machine.registered
    assert carrier.machine.why == ""
    carrier.leave()


def test_the_next_host_when_the_first_is_silent_or_busy() -> None:
    carrier = Carrier(granted, (ONE, TWO))
    carrier.answers = lambda request: None if carrier.asked[-1][2] == ONE else granted(request)
    carrier.run(460 + 4)
    assert carrier.machine.flow == carrier.flows[1]
    assert State.WAITING not in carrier.told
    carrier.answers = lambda request: (503, []) if carrier.asked[-1][2] == TWO else granted(request)
    carrier.run(460)
    assert carrier.machine.flow == carrier.flows[0]
    carrier.leave()


def test_a_host_that_is_found_later_is_tried_next_and_no_request_is_sent_twice() -> None:
    carrier = Carrier(lambda request: None)
    both = (carrier.flows[0], carrier.flows[0]._replace(remote=TWO))
    carrier.machine.start(both, carrier.rig.now)
    carrier.run()
    assert len(carrier.asked) == 1
    carrier.answers = lambda request: None if carrier.asked[-1][2] == ONE else granted(request)
    carrier.run(3.5)
    assert carrier.machine.flow == both[1]
    carrier.leave()


def test_nobody_answers() -> None:
    carrier = Carrier(lambda request: None, (ONE, TWO))
    carrier.run(40)
    assert carrier.machine.state in (State.WAITING, State.ASKING)
    assert "203.0.113.6:5060 does not answer" in carrier.machine.why
    carrier.answers = granted
    carrier.run(300)
    assert carrier.machine.registered
    carrier.leave()


def test_the_router_s_address_is_found_told_and_followed() -> None:
    carrier = Carrier(granted)
    here = f"<sip:token@{SERVER}>"
    carrier.seen = Address("198.51.100.7", 40123)
    carrier.run(460)
    contacts = [request.all("Contact") for request in carrier.requests]
    outside = "<sip:token@198.51.100.7:40123>"
    assert contacts == [[here], [here], [outside, f"{here};expires=0"]]
    carrier.run(460)
    assert carrier.requests[-1].all("Contact") == [outside]
    assert "198.51.100.7:40123" in (carrier.requests[-1].get("Via") or "")
    carrier.leave()


def test_a_router_that_changes_its_port_each_time_makes_no_storm() -> None:
    ports = iter(range(40000, 60000))

    def answers(request: Request) -> tuple[int, list[str]]:
        carrier.seen = Address("198.51.100.7", next(ports))
        return granted(request)

    carrier = Carrier(granted)
    carrier.answers = answers
    carrier.run(3600)
    assert len(carrier.asked) < 3600 / 25 + 5
    carrier.leave()


def test_the_way_back_to_the_proxy_is_remembered() -> None:
    route = "Service-Route: <sip:p1.test;lr>, <sip:p2.test;lr>"
    carrier = Carrier(lambda request: granted(request, 600, route))
    assert [str(hop) for hop in carrier.machine.route] == ["<sip:p1.test;lr>", "<sip:p2.test;lr>"]
    carrier.leave()


def test_a_connection_that_ends_is_made_again_at_once() -> None:
    carrier = Carrier(granted, transport="tcp")
    carrier.machine.broken(carrier.flows[0], carrier.rig.now)
    carrier.run()
    assert len(carrier.asked) == 2
    assert carrier.requests[0].get("Contact") == f"<sip:token@{SERVER};transport=tcp>"
    carrier.leave()


def test_an_alg_that_rewrote_our_contact_is_noticed() -> None:
    carrier = Carrier(lambda request: (200, ["Contact: <sip:token@192.0.2.99:1024>;expires=600"]))
    assert carrier.machine.meddled == "our Contact at 10.0.0.1 came back as 192.0.2.99:1024"
    carrier.leave()


def test_stopped_while_it_asks_and_while_it_waits() -> None:
    Carrier(lambda request: None).leave()
    carrier = Carrier(lambda request: (403, []))
    carrier.run(20)
    assert "wrong" in carrier.machine.why
    carrier.leave()
    assert len(carrier.asked) == 1, "where nothing is registered there is nothing to take back"


NONSENSE = (
    "Contact: *", "Contact: <sip:token@[::1]>;expires=-1", "Contact: <tel:1>;expires=x", "Expires: soon",
    "Min-Expires: 99999999999999", "Min-Expires: -1", "Retry-After: (never)",
    "Retry-After: 99999999999999999", "Service-Route: <sip:a",
    "Service-Route: " + ",".join(["<sip:a;lr>"] * 500), "WWW-Authenticate: Digest",
    'WWW-Authenticate: Digest realm="r", nonce="n", nonce="m"',
    'WWW-Authenticate: Digest nonce="\\\0", realm=""',
    'WWW-Authenticate: Digest realm="' + "r" * 3000 + '", nonce="n", qop="auth,auth,,"', "Via: SIP/2.0/UDP h",
)  # fmt: skip


@pytest.mark.parametrize("status", [200, 401, 407, 423, 503, 301, 699])
def test_nonsense_from_a_registrar_harms_nobody(status: int) -> None:
    for line in NONSENSE:
        carrier = Carrier(lambda request, line=line: (status, [line]))  # type: ignore[misc]
        carrier.run(300)
        assert len(carrier.asked) < 70, line
        carrier.leave()


def test_where_we_are_seen_is_an_address_or_nothing() -> None:
    carrier = Carrier(granted)
    carrier.seen = Address("example.com", 5060)
    carrier.run(460)
    assert carrier.requests[-1].all("Contact") == [f"<sip:token@{SERVER}>"]
    carrier.seen = Address("198.51.100.7", 70000)
    carrier.run(900)
    assert carrier.requests[-1].all("Contact") == ["<sip:token@198.51.100.7:5060>"]
    carrier.leave()
