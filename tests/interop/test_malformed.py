"""Broken and hostile packets over a real socket: the product stays up, answers and keeps nothing of them."""

import random
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.office import ROOT, Office, options, running, wait_for

HOST, HOSTILE, HONEST = "127.0.0.32", "127.0.2.6", "127.0.2.7"
TORTURE = ROOT / "tests" / "data" / "torture"
FILES = sorted(path for folder in ("rfc4475", "rfc5118") for path in (TORTURE / folder).iterdir())
LARGEST = 65507  # bytes that one UDP datagram over IPv4 can hold
GROWTH = (
    16 << 20
)  # bytes of memory that tens of thousands of packets may leave behind, in caches with a bound

INVITE = (
    f"INVITE sip:1001@{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP {HOSTILE}:5070;rport;branch=z9hG4bKwhole\r\n"
    f'Max-Forwards: 70\r\nFrom: "Eve" <sip:1002@{HOST}>;tag=eve\r\nTo: <sip:1001@{HOST}>\r\n'
    f"Call-ID: whole\r\nCSeq: 1 INVITE\r\nContact: <sip:1002@{HOSTILE}:5070>\r\n"
    "Content-Type: application/sdp\r\nContent-Length: 118\r\n"
    f"\r\nv=0\r\no=- 1 1 IN IP4 {HOSTILE}\r\ns=-\r\nc=IN IP4 {HOSTILE}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
).encode()
REGISTER = (
    f"REGISTER sip:{HOST} SIP/2.0\r\nVia: SIP/2.0/UDP {HOSTILE}:5070;rport;branch=z9hG4bKreg\r\n"
    f"Max-Forwards: 70\r\nFrom: <sip:1001@{HOST}>;tag=eve\r\nTo: <sip:1001@{HOST}>\r\nCall-ID: reg\r\n"
    f"CSeq: 1 REGISTER\r\nContact: <sip:1001@{HOSTILE}:5070>\r\nContent-Length: 0\r\n\r\n"
).encode()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running(tmp_path_factory.mktemp("office"), HOST, ["1001", "1002"], rtp="10200-10299") as office:
        yield office


@pytest.fixture(autouse=True)
def unharmed(office: Office) -> Iterator[None]:
    """Every test ends with the product at work, no call, no audio port and no traceback."""
    yield
    assert options(HOST, source=HONEST, seconds=3) == 200
    assert (office.live(), office.ports_used()) == ([], 0)
    assert not office.tracebacks()
    assert office.metrics()["warden_switch_errors_total"] == 0


def throw(packets: Iterable[bytes]) -> None:
    """Sends them; every hundredth waits for an answer to OPTIONS, so that none is lost to a full buffer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOSTILE, 0))
        for n, packet in enumerate(packets):
            sock.sendto(packet, (HOST, 5060))
            if n % 100 == 99:
                assert options(HOST, source=HONEST, seconds=3) == 200


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_torture_message(office: Office, file: Path) -> None:
    data = file.read_bytes()
    throw([data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if file.parent.name == "rfc5118" else data])


def send_over_tcp(data: bytes) -> bytes:
    """What comes back until there is an answer, or the connection is closed."""
    with socket.create_connection((HOST, 5060), 10, (HOSTILE, 0)) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        said = b""
        while piece := sock.recv(65535):
            said += piece
        return said


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_torture_message_over_tcp(office: Office, file: Path) -> None:
    data = file.read_bytes()
    whole = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if file.parent.name == "rfc5118" else data
    for answer in send_over_tcp(whole).split(b"SIP/2.0 ")[1:]:
        assert answer[:3] != b"500", answer[:80]


def test_noise(office: Office) -> None:
    noise = random.Random(4475)
    throw(noise.randbytes(noise.choice((1, 4, 12, 60, 400, 1400))) for _ in range(2000))


@pytest.mark.parametrize("packet", [INVITE, REGISTER], ids=["invite", "register"])
def test_half_a_packet(office: Office, packet: bytes) -> None:
    throw(packet[:end] for end in range(len(packet)))


@pytest.mark.parametrize("packet", [INVITE, REGISTER], ids=["invite", "register"])
def test_a_packet_with_wrong_bytes(office: Office, packet: bytes) -> None:
    luck = random.Random(3261)

    def damaged() -> bytes:
        broken = bytearray(packet)
        for _ in range(luck.randint(1, 4)):
            broken[luck.randrange(len(broken))] = luck.randrange(256)
        return bytes(broken)

    throw(damaged() for _ in range(2000))


AUTHORIZATION = b'Authorization: Digest username="1001", nonce="'
HOSTILE_PACKETS = {
    "empty": b"",
    "zeros": b"\0" * LARGEST,
    "blank lines": b"\r\n" * (LARGEST // 2),
    "long first line": b"INVITE " + b"a" * (LARGEST - 7),
    "ten thousand headers": INVITE.replace(b"70\r\n", b"70\r\n" + b"X: y\r\n" * 10000),
    "long way": INVITE.replace(
        b"70\r\n", b"70\r\n" + b"Via: SIP/2.0/UDP 127.0.2.6;branch=z9hG4bKx\r\n" * 1200
    ),
    "backslashes": INVITE.replace(b'"Eve"', b'"' + b"\\" * 60000 + b'"'),
    "brackets": INVITE.replace(b'"Eve"', b"<" * 60000),
    "many contacts": INVITE.replace(b"Contact:", b"Contact: " + b"<sip:a@b>," * 6000),
    "endless body": INVITE.replace(b"118", b"99999999999999999999"),
    "negative body": INVITE.replace(b"118", b"-1"),
    "huge CSeq": INVITE.replace(b"CSeq: 1", b"CSeq: " + b"9" * 5000),
    "escaped zeros": INVITE.replace(b"sip:1001@", b"sip:" + b"%00" * 9000 + b"@"),
    "huge audio port": INVITE.replace(b"m=audio 4000", b"m=audio 4000000000"),
    "many media": INVITE.replace(b"m=audio 4000 RTP/AVP 0\r\n", b"m=audio 4000 RTP/AVP 0\r\n" * 2000),
    "commas in a nonce": REGISTER.replace(b"Contact:", AUTHORIZATION + b"," * 50000 + b'"\r\nContact:'),
    "many digests": REGISTER.replace(
        b"Contact:", b"Authorization: " + b'Digest a="b",' * 4000 + b"\r\nContact:"
    ),
    "endless registration": REGISTER.replace(
        b"Content-Length", b"Expires: 99999999999999999999\r\nContent-Length"
    ),
    "snowman": "INVITE sip:\N{SNOWMAN} SIP/2.0\r\n\r\n".encode(),
    "bare answer": b"SIP/2.0 200 OK\r\n\r\n",
    "odd answer": b"SIP/2.0 999999 \xff\r\n\r\n",
}


@pytest.mark.parametrize("packet", HOSTILE_PACKETS.values(), ids=HOSTILE_PACKETS.keys())
def test_a_hostile_packet(office: Office, packet: bytes) -> None:
    throw([packet])


def test_audio_ports_stay_shut(office: Office) -> None:
    """A thousand callers without a password open no audio port and leave no transaction."""
    throw(INVITE.replace(b"whole", b"w%d" % n) for n in range(1000))
    assert office.ports_used() == 0


def test_a_flood_leaves_neither_memory_nor_files(office: Office) -> None:
    def flood() -> None:
        throw(REGISTER.replace(b"reg\r", b"r%d\r" % n).replace(b"Kreg", b"K%d" % n) for n in range(5000))
        throw(INVITE[: 300 + n % 400].replace(b"whole", b"h%d" % n) for n in range(5000))

    flood()
    before = [(memory(pid), files(pid)) for pid in office.processes()]
    flood()
    flood()
    after = [(memory(pid), files(pid)) for pid in office.processes()]
    for (memory_then, files_then), (memory_now, files_now) in zip(before, after, strict=True):
        assert memory_now - memory_then < GROWTH, f"{memory_then >> 20} MiB became {memory_now >> 20} MiB"
        assert files_now <= files_then + 2


@pytest.mark.timeout(90)
def test_every_transaction_ends(office: Office) -> None:
    """64*T1 after the last packet nothing is left of any of the above (RFC 3261 §17)."""
    gauges = [name for name in office.metrics() if "transaction" in name or "session" in name]
    assert gauges
    wait_for(lambda: not any(office.metrics()[name] for name in gauges), 60, f"{gauges} back at zero")


def memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
