"""Bad messages to the running product: the answer, the figure and the line in the log (RFC 3261 §8.2)."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.office import Office, running, wait_for

HOST, PEER = "127.0.0.38", "127.0.1.38"
HEAD = (
    f"{{method}} {{uri}} SIP/2.0\r\nVia: SIP/2.0/UDP {PEER}:5060;rport;branch=z9hG4bK{{n}}\r\n"
    f"Max-Forwards: 70\r\nFrom: <sip:1001@{HOST}>;tag=a{{n}}\r\nTo: <sip:1001@{HOST}>{{tag}}\r\n"
    f"Call-ID: bad{{n}}\r\nCSeq: 1 {{method}}\r\n"
)

# what is sent, changed in this way: the status, the reason that is counted
CASES = {
    "no method of ours": ("FROB", {}, 501, "unknown_method"),
    "a method that is not served": ("NOTIFY", {}, 405, "method"),
    "another scheme": ("OPTIONS", {"uri": "soap.beep://x"}, 416, "scheme"),
    "an extension": ("OPTIONS", {"more": "Require: nonsense\r\n"}, 420, "extension"),
    "no dialog": ("BYE", {"tag": ";tag=gone"}, 481, "no_dialog"),
    "no transaction": ("CANCEL", {}, 481, "no_transaction"),
    "too many hops": ("INVITE", {"from": "Max-Forwards: 70", "to": "Max-Forwards: 0"}, 483, "too_many_hops"),
    "no number at all": ("OPTIONS", {"from": "CSeq: 1 ", "to": "CSeq: x "}, 400, "malformed"),
    "another version": ("OPTIONS", {"from": " SIP/2.0\r\nVia", "to": " SIP/3.0\r\nVia"}, 505, "malformed"),
    "a length too long": ("OPTIONS", {"more": "Content-Length: 99\r\n"}, 400, "malformed"),
    "nonsense for credentials": (
        "REGISTER",
        {"more": f'Authorization: Digest username="1001", realm="{HOST}", nonce="x"\r\n'},
        400,
        "credentials",
    ),
    "not even a message": ("", {}, 0, "malformed"),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running(tmp_path_factory.mktemp("office"), HOST, ["1001"], rtp="10300-10399") as office:
        yield office


def packet(n: int, method: str, change: dict[str, str]) -> bytes:
    if not method:
        return b"\x16\x03\x01 nothing that anybody understands\r\n\r\n"
    uri, tag, more = change.get("uri", f"sip:1001@{HOST}"), change.get("tag", ""), change.get("more", "")
    text = HEAD.format(method=method, uri=uri, tag=tag, n=n) + more
    text = text.replace(change.get("from", "\0"), change.get("to", ""), 1)
    return (text + ("" if "Content-Length" in more else "Content-Length: 0\r\n") + "\r\n").encode()


def answer(data: bytes) -> int:
    """The final status, 0 for silence."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((PEER, 5060))
        sock.sendto(data, (HOST, 5060))
        sock.settimeout(3 if data.endswith(b"0\r\n\r\n") or b"99" in data else 0.5)
        try:
            return int(sock.recv(65535).split()[1])
        except TimeoutError:
            return 0


@pytest.mark.parametrize("name", CASES)
def test_a_bad_message_is_answered_counted_and_told(office: Office, name: str) -> None:
    method, change, status, reason = CASES[name]
    figure = f'warden_sip_rejected_total{{reason="{reason}"}}'
    before = office.metrics().get(figure, 0)
    n = list(CASES).index(name)
    assert answer(packet(n, method, change)) == status
    wait_for(lambda: office.metrics().get(figure, 0) == before + 1, 5, figure)
    how = f"refused ({status})" if status else "dropped"

    def told() -> bool:
        line = f"a message from {PEER} was {how}: {reason}"
        if line in office.log.read_text():
            return True
        time.sleep(0.6)  # the log takes two such lines a second
        answer(packet(n + 1000 + int(time.monotonic() * 10) % 100000, method, change))
        return False

    wait_for(told, 10, f"a line in the log\n{office.last_words()}")


def test_a_flood_of_them_is_counted_whole_and_logged_in_part(office: Office) -> None:
    before = office.metrics()
    lines = len(office.log.read_text().splitlines())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.1.39", 5060))
        for n in range(300):
            sock.sendto(packet(10_000 + n, "FROB", {}).replace(b"127.0.1.38", b"127.0.1.39"), (HOST, 5060))
            time.sleep(0.002)

    def refused() -> float:
        now = office.metrics()
        kinds = [kind for kind in now if kind.startswith("warden_sip_rejected_total")]
        return sum(now[kind] - before.get(kind, 0) for kind in kinds)

    wait_for(lambda: refused() >= 250, 10, "nearly all are counted")
    assert len(office.log.read_text().splitlines()) - lines < 30
    assert not office.tracebacks()
