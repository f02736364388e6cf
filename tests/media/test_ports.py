"""Audio sockets: pairs or nothing, and which ports are found taken at start."""

import socket

import pytest

from pbx.media.ports import PortError, open_pair, taken
from tests.media.rig import HERE

pytestmark = pytest.mark.integration

FIRST = 21020


@pytest.fixture
def squatter():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HERE, FIRST + 3))
        yield


def test_ports_that_another_program_holds_are_found(squatter):
    assert taken(HERE, range(FIRST, FIRST + 8)) == (FIRST + 3,)


@pytest.mark.parametrize("host", ["192.0.2.7", "phone.example"])
def test_an_address_that_cannot_be_does_not_make_every_port_taken(host):
    assert taken(host, range(FIRST, FIRST + 8)) == ()


def test_half_a_pair_is_none(squatter):
    with pytest.raises(PortError) as caught:
        open_pair((HERE, FIRST + 2))
    assert caught.value.port == FIRST + 3
    assert taken(HERE, [FIRST + 2]) == ()


@pytest.mark.parametrize("local", [(HERE, 0), (HERE, 65535), (HERE, 70000), ("", FIRST), ("a\0b", FIRST)])
def test_what_is_no_port_is_refused_in_words(local):
    with pytest.raises(PortError) as caught:
        open_pair(local)
    assert caught.value.why


def test_ipv6_works_alike():
    rtp, rtcp = open_pair(("::1", FIRST))
    with rtp, rtcp:
        assert (rtp.getsockname()[1], rtcp.getsockname()[1]) == (FIRST, FIRST + 1)
