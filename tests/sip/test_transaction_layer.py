"""Which transaction a message belongs to, and where its answer goes."""

import random

import pytest

from pbx.sip.faces import Faces
from pbx.sip.flow import Address, Flow
from pbx.sip.identifiers import Identifiers
from pbx.sip.message import Request, parse
from pbx.sip.timers import Timers
from pbx.sip.transaction_layer import TransactionLayer, answer_flow, note_source

US = Address("10.0.0.1", 5060)


def options(via: str, method: str = "OPTIONS", cseq: int = 1, tag: str = "a") -> Request:
    lines = [
        f"{method} sip:us@10.0.0.1 SIP/2.0",
        f"Via: {via}",
        f"From: <sip:them@them>;tag={tag}",
        "To: <sip:us@us>",
        "Call-ID: x",
        f"CSeq: {cseq} {method}",
        "Content-Length: 0",
    ]
    message = parse("\r\n".join([*lines, "", ""]).encode())
    assert isinstance(message, Request)
    return message


def layer() -> TransactionLayer:
    return TransactionLayer(Timers(), [], Identifiers(random.Random(1), "us"), Faces())


def flow(host: str, port: int, transport: str = "udp") -> Flow:
    return Flow(transport, US, Address(host, port))


@pytest.mark.parametrize(
    ("via", "source", "answer", "noted"),
    [
        # §18.2.2: the port of the Via when rport is not asked for, always the host that the packet came from
        ("10.0.0.2:5070;branch=z9hG4bK1", ("10.0.0.2", 40000), ("10.0.0.2", 5070), None),
        ("10.0.0.2;branch=z9hG4bK1", ("10.0.0.2", 40000), ("10.0.0.2", 5060), None),
        ("192.168.0.5:5070;branch=z9hG4bK1", ("10.0.0.2", 40000), ("10.0.0.2", 5070), "received=10.0.0.2"),
        ("phone.local;branch=z9hG4bK1", ("10.0.0.2", 5060), ("10.0.0.2", 5060), "received=10.0.0.2"),
        # RFC 3581 §4
        ("192.168.0.5:5070;rport;branch=z9hG4bK1", ("10.0.0.2", 40000), ("10.0.0.2", 40000), "rport=40000"),
        ("10.0.0.2:5060;rport;branch=z9hG4bK1", ("10.0.0.2", 5060), ("10.0.0.2", 5060), "received=10.0.0.2"),
        # a stranger may not aim our answers
        ("10.0.0.2;maddr=10.9.9.9;branch=z9hG4bK1", ("10.0.0.2", 5060), ("10.0.0.2", 5060), None),
    ],
)
def test_answers_go_back_to_the_source(
    via: str, source: tuple[str, int], answer: tuple[str, int], noted: str | None
) -> None:
    request, came = options(f"SIP/2.0/UDP {via}"), flow(*source)
    note_source(request, came)
    assert answer_flow(request, came).remote == answer
    assert request.get("Via") is not None
    assert noted is None or noted in str(request.get("Via"))
    assert noted is not None or str(request.get("Via")).endswith(via)


def test_noting_the_source_leaves_the_other_vias_alone() -> None:
    request = options("SIP/2.0/UDP p.local;rport;branch=z9hG4bK1, SIP/2.0/TCP [2001:db8::1];branch=z9hG4bK0")
    note_source(request, flow("10.0.0.2", 40000))
    assert request.all("Via")[1] == "SIP/2.0/TCP [2001:db8::1];branch=z9hG4bK0"
    assert len(request.vias) == 2


def test_a_transaction_is_known_by_branch_sent_by_and_method() -> None:
    transactions = layer()
    request = options("SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK1")
    transaction = transactions.serve(request, flow("10.0.0.2", 5060), 0.0)
    assert transactions.match(options("SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK1")) is transaction
    for other in (
        "10.0.0.2:5060;branch=z9hG4bK2",
        "10.0.0.3:5060;branch=z9hG4bK1",
        "10.0.0.2:5061;branch=z9hG4bK1",
    ):
        assert transactions.match(options(f"SIP/2.0/UDP {other}")) is None
    assert transactions.match(options("SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK1", "BYE")) is None


def test_an_rfc_2543_peer_is_known_by_its_whole_request() -> None:
    transactions = layer()
    transaction = transactions.serve(options("SIP/2.0/UDP 10.0.0.2", "INVITE"), flow("10.0.0.2", 5060), 0.0)
    assert transactions.match(options("SIP/2.0/UDP 10.0.0.2", "INVITE")) is transaction
    assert transactions.match(options("SIP/2.0/UDP 10.0.0.2", "ACK")) is transaction
    assert transactions.match(options("SIP/2.0/UDP 10.0.0.2", "INVITE", cseq=2)) is None
    assert transactions.match(options("SIP/2.0/UDP 10.0.0.2", "INVITE", tag="other")) is None


def test_the_same_request_by_another_way_is_merged_while_its_twin_lives() -> None:
    transactions = layer()
    first = transactions.serve(options("SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1"), flow("10.0.0.2", 5060), 0.0)
    twin = options("SIP/2.0/UDP 10.0.0.3;branch=z9hG4bK9")
    assert transactions.is_merged(twin)
    first.terminate()
    assert not transactions.is_merged(twin)
    assert len(transactions) == 0
