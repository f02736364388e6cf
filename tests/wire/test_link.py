"""The message sockets: whole messages, the right user, stale names, long names."""

import os
import socket
import stat
import subprocess
import sys
import time

import pytest

from pbx.wire import link
from pbx.wire.codec import WireError

pytestmark = pytest.mark.integration


@pytest.fixture
def path(tmp_path):
    return tmp_path / "media.sock"


def both_ends(path):
    with link.listen(path) as listener:
        client = link.connect(path)
        return client, listener.accept()


def fill(client):
    for _ in range(100):
        client.send(b"x" * 50_000)


def test_messages_arrive_whole_and_in_order(path):
    client, server = both_ends(path)
    with client, server:
        client.send(b"one")
        client.send(b"two")
        server.send(b"back")
        assert [server.receive(), server.receive(), client.receive()] == [b"one", b"two", b"back"]


def test_the_longest_message_passes_and_a_longer_one_is_refused(path):
    client, server = both_ends(path)
    with client, server:
        client.send(b"x" * link.MAX_MESSAGE)
        assert len(server.receive()) == link.MAX_MESSAGE
        for message in (b"", b"x" * (link.MAX_MESSAGE + 1)):
            with pytest.raises(WireError):
                client.send(message)


def test_a_packet_cut_off_by_the_limit_is_an_error_not_half_a_message():
    ours, theirs = link.pair()
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 400_000)
        theirs.send(b"x" * (link.MAX_MESSAGE + 5))
        with pytest.raises(WireError):
            ours.receive()


def test_a_closed_peer_is_none_and_a_killed_one_too(path):
    client, server = both_ends(path)
    with server:
        client.close()
        assert server.receive() is None
    client, server = both_ends(path)
    with client:
        client.send(b"never read")
        server.close()
        assert client.receive() is None


def test_sending_to_a_closed_peer_raises_and_no_signal_kills_us(path):
    client, server = both_ends(path)
    with client:
        server.close()
        with pytest.raises(BrokenPipeError):
            client.send(b"x")


def test_a_non_blocking_link_says_so_when_empty_and_when_full(path):
    client, server = both_ends(path)
    with client, server:
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.receive()
        with pytest.raises(BlockingIOError):
            fill(client)


def test_another_users_process_is_refused(path):
    stranger = frozenset((os.geteuid() + 1,))
    with link.listen(path, users=stranger) as listener:
        with link.connect(path) as client:
            with pytest.raises(PermissionError):
                listener.accept()
            assert client.receive() is None
        with pytest.raises(PermissionError):
            link.connect(path, users=stranger)


def test_the_name_is_for_its_owner_alone(path):
    with link.listen(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_name_left_by_a_crash_is_taken_over_and_a_living_one_is_not(path):
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    dead.bind(str(path))
    dead.close()
    with link.listen(path), pytest.raises(OSError, match="another process listens there"):
        link.listen(path)
    assert not path.exists()
    with link.listen(path):
        pass


def test_a_file_of_that_name_is_left_alone(path):
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        link.listen(path)
    assert path.read_text() == "precious"


def test_nobody_listening_is_told_apart(path):
    with pytest.raises(FileNotFoundError):
        link.connect(path)


def test_a_deep_data_directory_works(tmp_path):
    folder = tmp_path.joinpath(*["a-rather-long-name"] * 12)
    folder.mkdir(parents=True)
    client, server = both_ends(folder / "media.sock")
    with client, server:
        client.send(b"x")
        assert server.receive() == b"x"


def test_a_child_takes_over_the_end_it_was_left():
    ours, theirs = link.pair()
    with ours, link.adopt(theirs.detach()) as child:
        child.send(b"ready")
        assert ours.receive() == b"ready"
        assert child.peer.pid == os.getpid()


def test_a_gevent_patched_process_waits_for_a_message_without_stopping_its_other_greenlets():
    program = """
from gevent import monkey; monkey.patch_all()
import gevent, sys
from pbx.wire import link
with link.adopt(int(sys.argv[1])) as ours:
    ticks = []
    ticker = gevent.spawn(lambda: [(gevent.sleep(0.01), ticks.append(1)) for _ in range(1000)])
    ours.send(b"ready")
    assert ours.receive() == b"go"
    ours.send(b"%d" % len(ticks))
"""
    ours, theirs = link.pair()
    command = [sys.executable, "-c", program, str(theirs.fileno())]
    with ours, subprocess.Popen(command, pass_fds=[theirs.fileno()]) as child:
        theirs.close()
        ours.settimeout(5)
        assert ours.receive() == b"ready"
        time.sleep(0.2)
        ours.send(b"go")
        assert int(ours.receive()) > 3
    assert child.returncode == 0
