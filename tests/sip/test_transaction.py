"""The tables of RFC 3261 §17 with RFC 6026, driven through a stack of machines without a network."""

import random

import pytest

from pbx.sip.errors import LocalProtocolError
from pbx.sip.faces import Faces
from pbx.sip.flow import Address, Flow
from pbx.sip.identifiers import Identifiers
from pbx.sip.message import Request, Response, build_request, build_response, parse
from pbx.sip.timers import Timers
from pbx.sip.transaction import (
    CLIENT,
    INVITE_CLIENT,
    INVITE_SERVER,
    SERVER,
    ClientTransaction,
    Input,
    ServerTransaction,
    State,
)
from pbx.sip.transaction_layer import TransactionLayer

US, THEM = Address("10.0.0.1", 5060), Address("10.0.0.2", 5060)


class Bench:
    """A transaction layer with a clock and a user that writes down what it hears."""

    def __init__(self, transport: str = "udp") -> None:
        self.now = 0.0
        self.timers = Timers()
        self.outbox: list[tuple[bytes, Flow]] = []
        self.layer = TransactionLayer(self.timers, self.outbox, Identifiers(random.Random(1), "us"), Faces())
        self.flow = Flow(transport, US, THEM)
        self.heard: list[int | None] = []
        self.sent: list[tuple[float, str]] = []

    def run(self, until: float) -> None:
        self.note()
        while (due := self.timers.deadline()) is not None and due <= until:
            self.now = due
            self.timers.run(due)
            self.note()
        self.now = until

    def note(self) -> None:
        for data, _ in self.outbox:
            message = parse(data)
            word = message.method if isinstance(message, Request) else str(message.status)
            self.sent.append((round(self.now, 3), word))
        self.outbox.clear()

    def request(self, method: str) -> ClientTransaction:
        request = build_request(
            method,
            "sip:them@10.0.0.2",
            [
                ("Max-Forwards", "70"),
                ("From", "<sip:us@us>;tag=a"),
                ("To", "<sip:them@them>"),
                ("Call-ID", "x"),
                ("CSeq", f"7 {method}"),
                ("Route", "<sip:10.0.0.3;lr>"),
            ],
        )
        return self.layer.request(request, self.flow, self.now, self._hear)

    def _hear(self, transaction: ClientTransaction, response: Response | None, now: float) -> None:
        self.heard.append(None if response is None else response.status)

    def answer(self, transaction: ClientTransaction, status: int) -> bool:
        return self.layer.response(build_response(transaction.request, status, to_tag="b"), self.now)

    def serve(self, method: str, branch: str = "z9hG4bK1") -> ServerTransaction:
        return self.layer.serve(incoming(method, branch), self.flow, self.now)


def incoming(method: str, branch: str = "z9hG4bK1") -> Request:
    request = build_request(
        method,
        "sip:us@10.0.0.1",
        [
            ("Via", f"SIP/2.0/UDP 10.0.0.2:5060;branch={branch}"),
            ("From", "<sip:them@them>;tag=b"),
            ("To", "<sip:us@us>"),
            ("Call-ID", "y"),
            ("CSeq", f"1 {method}"),
        ],
    )
    return request


def repeats(bench: Bench, word: str) -> list[float]:
    return [when for when, said in bench.sent if said == word]


def test_an_invite_is_repeated_by_timer_a_until_timer_b() -> None:
    bench = Bench()
    bench.request("INVITE")
    bench.run(100.0)
    assert repeats(bench, "INVITE") == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert bench.heard == [None]
    assert len(bench.layer) == 0


def test_a_provisional_response_ends_the_repetition_and_rings_as_long_as_it_likes() -> None:
    bench = Bench()
    invite = bench.request("INVITE")
    bench.run(0.2)
    bench.answer(invite, 180)
    bench.run(300.0)
    assert repeats(bench, "INVITE") == [0.0]
    assert bench.heard == [180]
    assert invite.state is State.PROCEEDING


def test_a_refused_invite_is_acked_again_for_each_repetition_during_timer_d() -> None:
    bench = Bench()
    invite = bench.request("INVITE")
    bench.answer(invite, 486)
    bench.answer(invite, 486)
    bench.run(31.0)
    bench.answer(invite, 486)
    bench.run(33.0)
    assert len(repeats(bench, "ACK")) == 3
    assert bench.heard == [486]
    assert not bench.answer(invite, 486)


def test_the_ack_of_a_refusal_copies_the_invite() -> None:
    bench = Bench()
    invite = bench.request("INVITE")
    bench.outbox.clear()
    bench.answer(invite, 486)
    ack = parse(bench.outbox[0][0])
    assert isinstance(ack, Request)
    assert ack.all("Via") == invite.request.all("Via")
    assert ack.get("To") == "<sip:them@them>;tag=b"
    assert (ack.cseq.number, ack.cseq.method, ack.get("Route")) == (7, "ACK", "<sip:10.0.0.3;lr>")


def test_every_2xx_goes_up_until_timer_m() -> None:
    bench = Bench()
    invite = bench.request("INVITE")
    bench.answer(invite, 200)
    bench.run(20.0)
    bench.answer(invite, 200)
    bench.run(33.0)
    assert bench.heard == [200, 200]
    assert not bench.answer(invite, 200)


def test_another_request_is_repeated_by_timer_e_up_to_t2_until_timer_f() -> None:
    bench = Bench()
    bench.request("BYE")
    bench.run(100.0)
    assert repeats(bench, "BYE") == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.heard == [None]


def test_after_a_provisional_response_timer_e_runs_at_t2() -> None:
    bench = Bench()
    bye = bench.request("BYE")
    bench.answer(bye, 100)
    bench.run(14.0)
    assert repeats(bench, "BYE") == [0.0, 0.5, 4.5, 8.5, 12.5]
    bench.answer(bye, 200)
    bench.run(100.0)
    assert bench.heard == [100, 200]
    assert len(bench.layer) == 0


def test_over_a_reliable_transport_nothing_is_repeated_and_nothing_lingers() -> None:
    bench = Bench("tcp")
    bye = bench.request("BYE")
    bench.run(10.0)
    bench.answer(bye, 200)
    bench.run(10.0)
    assert repeats(bench, "BYE") == [0.0]
    assert len(bench.layer) == 0


def test_a_final_refusal_of_an_invite_is_repeated_by_timer_g_until_the_ack() -> None:
    bench = Bench()
    server = bench.serve("INVITE")
    server.respond(build_response(server.request, 486, to_tag="a"), 0.0)
    bench.run(4.0)
    assert repeats(bench, "486") == [0.0, 0.5, 1.5, 3.5]
    server.receive(incoming("ACK"), bench.now)
    bench.run(100.0)
    assert len(repeats(bench, "486")) == 4
    assert len(bench.layer) == 0


def test_without_an_ack_timer_h_gives_up() -> None:
    bench = Bench()
    server = bench.serve("INVITE")
    server.respond(build_response(server.request, 486, to_tag="a"), 0.0)
    bench.run(31.9)
    assert len(bench.layer) == 1
    bench.run(32.1)
    assert len(bench.layer) == 0


def test_a_repeated_invite_gets_the_last_provisional_response_again() -> None:
    bench = Bench()
    server = bench.serve("INVITE")
    server.receive(incoming("INVITE"), 0.0)
    server.respond(build_response(server.request, 180, to_tag="a"), 0.0)
    assert bench.layer.match(incoming("INVITE")) is server
    server.receive(incoming("INVITE"), 0.0)
    bench.note()
    assert [word for _, word in bench.sent] == ["180", "180"]


def test_after_a_2xx_the_repeated_invite_is_absorbed_and_the_ack_passed_up() -> None:
    bench = Bench()
    server = bench.serve("INVITE")
    server.respond(build_response(server.request, 200, to_tag="a"), 0.0)
    assert not server.receive(incoming("INVITE"), 0.1)
    assert server.receive(incoming("ACK"), 0.2)
    bench.run(5.1)
    assert bench.layer.match(incoming("INVITE")) is server
    bench.run(5.3)
    assert repeats(bench, "200") == [0.0]
    assert len(bench.layer) == 0


def test_a_2xx_without_an_ack_is_remembered_until_timer_l() -> None:
    bench = Bench()
    server = bench.serve("INVITE")
    server.respond(build_response(server.request, 200, to_tag="a"), 0.0)
    bench.run(31.9)
    assert bench.layer.match(incoming("INVITE")) is server
    bench.run(32.1)
    assert len(bench.layer) == 0


def test_a_repeated_request_gets_the_final_response_again_during_timer_j() -> None:
    bench = Bench()
    server = bench.serve("REGISTER")
    server.receive(incoming("REGISTER"), 0.0)
    server.respond(build_response(server.request, 200, to_tag="a"), 0.0)
    server.receive(incoming("REGISTER"), 0.0)
    bench.run(31.9)
    assert [word for _, word in bench.sent] == ["200", "200"]
    bench.run(32.1)
    assert bench.layer.match(incoming("REGISTER")) is None


def test_a_second_final_response_is_our_own_bug() -> None:
    bench = Bench()
    server = bench.serve("BYE")
    late = build_response(server.request, 481)
    server.respond(build_response(server.request, 200), 0.0)
    with pytest.raises(LocalProtocolError):
        server.respond(late, 0.0)
    server.receive(incoming("BYE"), 0.0)
    bench.note()
    assert [word for _, word in bench.sent] == ["200", "200"]


@pytest.mark.parametrize("table", [INVITE_CLIENT, CLIENT, INVITE_SERVER, SERVER])
def test_every_state_of_a_table_can_be_reached_and_left(
    table: dict[tuple[State, Input], tuple[State, object]],
) -> None:
    reached = {State.NEW} | {state for state, _ in table.values()}
    left = {state for state, _ in table}
    assert reached - {State.TERMINATED} == left
