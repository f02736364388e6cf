"""Far more calls than can be carried: OPTIONS is answered, and it is over when it is over."""

import socket
import time
from pathlib import Path

from tests.integration.phone import NETWORK, Phone
from tests.office import options, running, wait_for

HOST, PHONE = f"{NETWORK}.3", f"{NETWORK}.102"
SOURCES, SECONDS = 100, 3.0

INVITE = (
    "INVITE sip:1001@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5060;branch=z9hG4bKflood{n}\r\n"
    "From: <sip:x@{to}>;tag=a{n}\r\nTo: <sip:1001@{to}>\r\nCall-ID: flood{n}\r\nCSeq: 1 INVITE\r\n"
    "Max-Forwards: 70\r\nContact: <sip:x@{host}>\r\nContent-Length: 0\r\n\r\n"
)


def test_options_is_answered_in_a_flood_of_calls_and_all_is_well_after_it(tmp_path: Path) -> None:
    with running(tmp_path, HOST, ("1001",)), Phone("1001", PHONE, HOST) as phone:
        flooders = []
        for n in range(SOURCES):
            flooder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            flooder.bind((f"127.201.0.{n + 1}", 5060))
            flooders.append(flooder)
        end, sent, answered, asked_at = time.monotonic() + SECONDS, 0, 0, 0.0
        while time.monotonic() < end:
            for flooder in flooders:
                host = flooder.getsockname()[0]
                for _ in range(10):
                    flooder.sendto(INVITE.format(to=HOST, host=host, n=sent).encode(), (HOST, 5060))
                    sent += 1
            if time.monotonic() - asked_at > 0.3:
                answered += options(HOST, seconds=2) == 200
                asked_at = time.monotonic()
        for flooder in flooders:
            flooder.close()
        assert answered > 0
        wait_for(lambda: options(HOST) == 200, 20, "an answer after the flood")
        wait_for(lambda: phone.register() == 200, 20, "a phone that registers after the flood")
