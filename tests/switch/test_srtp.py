"""Encrypted audio: the phone asks for it, or we do where nobody listens; each leg has keys of its own."""

import base64

from pbx.directory import Trunk
from pbx.switch.events import CallEnded
from pbx.wire.media import Keys
from tests.world import World

THEIRS = base64.b64encode(bytes(range(30))).decode()
LINE = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{THEIRS}\r\n"


def secure(sdp: str, proto: str = "RTP/SAVP") -> str:
    return sdp.replace("RTP/AVP", proto) + LINE


def key_in(sdp: bytes) -> str:
    return sdp.decode().split("inline:")[1].split("\r\n")[0]


def talking(world: World, offer: str = "", answer: str = "") -> tuple[Keys | None, Keys | None]:
    """1001 calls 1002; the keys of both as the media process is told."""
    anna = next(phone for phone in world.phones.values() if phone.number == "1001")
    bob = next(phone for phone in world.phones.values() if phone.number == "1002")
    anna.call("1002", sdp=offer or None)
    world.run(0.1)
    bob.incoming.pick_up(answer or None)
    world.run(0.1)
    caller, callee = world.wanted.legs
    return caller.keys, callee.keys


def test_a_phone_that_encrypts_calls_one_that_does_not() -> None:
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12")
    hers, his = talking(world, secure(anna.sdp()))
    call = anna.calls[-1]
    assert hers is not None
    assert (hers.theirs, hers.ours) == (THEIRS, key_in(call.sdp))
    assert b"RTP/SAVP" in call.sdp
    assert his is None
    assert b"crypto" not in bob.incoming.sdp
    call.bye()
    world.nothing_left()


def test_optional_encryption_is_taken() -> None:
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    world.phone("1002", "192.0.2.12")
    hers, _ = talking(world, secure(anna.sdp(), "RTP/AVP"))
    assert hers is not None
    assert b"RTP/AVP" in anna.calls[-1].sdp


def test_a_phone_on_tls_is_asked_to_encrypt_and_may_refuse() -> None:
    world = World("1001", "1002")
    world.phone("1001", "192.0.2.11")
    bob = world.phone("1002", "192.0.2.12", transport="tls")
    hers, his = talking(world)
    assert (hers, his) == (None, None)
    assert b"RTP/AVP 0" in bob.incoming.sdp
    assert b"a=crypto:1" in bob.incoming.sdp


def test_a_phone_on_tls_that_encrypts() -> None:
    world = World("1001", "1002")
    world.phone("1001", "192.0.2.11")
    bob = world.phone("1002", "192.0.2.12", transport="tls")
    hers, his = talking(world, answer=secure(bob.sdp(), "RTP/AVP"))
    assert hers is None
    assert his is not None
    assert (his.theirs, his.ours) == (THEIRS, key_in(bob.incoming.sdp))


def test_a_phone_that_takes_encrypted_audio_alone_is_asked_again() -> None:
    world = World("1001", "1002")
    anna, bob = world.phone("1001", "192.0.2.11"), world.phone("1002", "192.0.2.12", transport="tls")
    call = anna.call("1002")
    world.run(0.1)
    bob.incoming.reply(488)
    world.run(0.1)
    assert bob.incoming.log.count("INVITE") == 2
    assert b"RTP/SAVP" in bob.incoming.sdp
    bob.incoming.pick_up(secure(bob.sdp()))
    world.run(0.1)
    assert world.wanted.legs[1].keys is not None
    call.bye()
    world.nothing_left()
    assert world.record.cause == "normal"


def test_hold_and_resume_keep_the_keys() -> None:
    world = World("1001", "1002")
    anna = world.phone("1001", "192.0.2.11")
    world.phone("1002", "192.0.2.12")
    hers, _ = talking(world, secure(anna.sdp()))
    call = anna.calls[-1]
    for direction in ("sendonly", "sendrecv"):
        call.request("INVITE", secure(anna.sdp(direction)))
        world.run(0.1)
        assert world.wanted.legs[0].keys == hers


def test_a_trunk_without_encryption_where_it_is_required_gets_no_call() -> None:
    trunk = Trunk("carrier", "ip", "192.0.2.99", transport="tls", srtp="required", numbers=(("*", "1001"),))
    world = World("1001", trunks=(trunk,))
    world.phone("1001", "192.0.2.11")
    carrier = world.phone("carrier", "192.0.2.99", register=False, transport="tls")
    call = carrier.call("5551000")
    world.run(1)
    assert call.log[-1] == "488"
    call = carrier.call("5551000", sdp=secure(carrier.sdp()))
    world.run(1)
    assert "180" in call.log or "100" in call.log
    call.cancel()
    world.nothing_left()
    assert len(world.told(CallEnded)) == 2
