"""Text messages through the running product: to a phone that is there, and kept for one that is not."""

from pathlib import Path

from tests.integration.phone import NETWORK, Phone
from tests.integration.test_restart import HOST, kill
from tests.office import running, wait_for

HERS, HIS = f"{NETWORK}.111", f"{NETWORK}.112"


def test_a_message_waits_for_its_reader_and_outlives_a_crash_and_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, HOST, ["1001", "1002"]) as office:
        with Phone("1001", HERS, HOST) as anna:
            assert anna.register() == 200
            assert anna.write("1002", "The parcel is here.") == 202
            kill(office)
            assert anna.write("1002", "It is heavy.") == 202
        office.stop()
        office.start()
        with Phone("1002", HIS, HOST) as bob, Phone("1001", HERS, HOST) as anna:
            assert bob.register() == 200
            for words in ("The parcel is here.", "It is heavy."):
                message = bob.await_request("MESSAGE", 10)
                assert message.endswith(f"\r\n\r\n{words}")
                assert "\r\nDate: " in message
                bob.take(message)
            waiting = 'warden_switch_objects{kind="texts"}'
            wait_for(lambda: office.metrics()[waiting] == 0, 10, "nothing waits any more")
            assert anna.register() == 200
            anna.begin_text("1002", "Thank you!")
            bob.take(bob.await_request("MESSAGE", 10))
            assert anna.final(10) == 200
        assert office.tracebacks() == []
