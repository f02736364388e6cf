"""IPv6, and one socket for both families.  (Apart, because no other office may hold these ports.)"""

from pathlib import Path

from tests.integration.phone import NETWORK, Phone
from tests.integration.stream_phone import TcpPhone
from tests.office import running

HOST, PHONE = f"{NETWORK}.2", f"{NETWORK}.101"
PORT = 5070


def test_ipv6_on_udp_and_tcp(tmp_path: Path) -> None:
    with running(tmp_path, HOST, ("1001",), domain="office.example", sip=f"[::1]:{PORT}") as office:
        for kind in (Phone, TcpPhone):
            with kind("1001", "::1", "::1", PORT) as phone:
                assert phone.register() == 200
                assert phone.call("*43") == 200
                assert phone.hears_itself()
                office.command("hangup", office.live()[0]["call"])
                assert phone.hung_up(5)


def test_one_socket_for_both_families_and_a_call_between_them(tmp_path: Path) -> None:
    with (
        running(tmp_path, HOST, ("1001", "1002"), sip=f"[::]:{PORT}") as office,
        Phone("1001", "::1", "::1", PORT) as six,
        Phone("1002", PHONE, HOST, PORT) as four,
    ):
        assert (six.register(), four.register()) == (200, 200)
        assert six.call("*43") == 200
        assert six.hears_itself()
        office.command("hangup", office.live()[0]["call"])
        assert six.hung_up(5)
        six.ring_up("1002")
        invite = four.await_request("INVITE", 5)
        assert f"c=IN IP4 {HOST}" in invite
        four.refuse(invite, 486)
        assert six.final() == 486
