"""The switch is killed again and again under calls: the audio never stops, no call or record is lost."""

import os
import signal
import threading
from pathlib import Path

from tests.bench.agents import Agent, serve
from tests.bench.audio import Stream, speak
from tests.integration.phone import NETWORK, Phone
from tests.integration.test_life import media, worker
from tests.office import Office, options, running, wait_for

HOST, TRUNK, PHONE = f"{NETWORK}.1", f"{NETWORK}.7", f"{NETWORK}.101"
CALLS, KILLS = 10, 20


def kill(office: Office) -> None:
    before = worker(office)
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: worker(office) not in (0, before), 15, "a new worker")
    wait_for(lambda: options(HOST, source=TRUNK) == 200, 15, "the new worker answers")


def test_calls_outlive_the_switch_that_made_them(tmp_path: Path) -> None:
    with running(tmp_path, HOST, ["1001"], trunk=TRUNK) as office:
        audio = media(office)
        agent = Agent(TRUNK, 5060, (HOST, 5060), HOST)
        for n in range(CALLS):
            agent.dial("*43", f"life{n}")
        serve([agent], lambda: all(line.target for line in agent.lines.values()), 15)
        streams = [Stream.of(TRUNK, line) for line in agent.lines.values()]
        speak(streams, 1.0)
        for stream in streams:
            stream.start_counting()

        killer = threading.Thread(target=lambda: [kill(office) for _ in range(KILLS)])
        killer.start()
        while killer.is_alive():
            speak(streams, 1.0)
        killer.join()

        assert sum(stream.sent for stream in streams) >= 500
        assert [stream.sent - stream.received for stream in streams] == [0] * CALLS
        assert media(office) == audio
        assert len(office.live()) == CALLS
        for line in list(agent.lines.values()):
            agent.hang_up(line)
        wait_for(lambda: len(office.records()) == CALLS, 10, "all the records")
        assert {record["cause"] for record in office.records()} == {"normal"}
        received = [leg["counters"]["received"] for record in office.records() for leg in record["legs"]]
        assert min(received) >= streams[0].sent, "what was counted before the restarts counts"
        office.settled()
        assert office.tracebacks() == []
        for sock in (agent.sock, *(stream.sock for stream in streams)):
            sock.close()


def test_a_call_is_up_again_for_who_hangs_up_and_who_calls_next(tmp_path: Path) -> None:
    with running(tmp_path, HOST, ["1001"]) as office, Phone("1001", PHONE, HOST) as phone:
        assert phone.register() == 200
        assert phone.call("*43") == 200
        kill(office)
        assert phone.hears_itself()
        (call,) = office.live()
        assert call["state"] == "active"
        office.command("hangup", call["call"])
        assert phone.hung_up(3)
        assert office.record("1001", "*43")["cause"] == "hung_up_by_admin"
        assert phone.call("*43") == 200


def test_an_upgrade_keeps_the_calls(tmp_path: Path) -> None:
    with running(tmp_path, HOST, ["1001"]) as office, Phone("1001", PHONE, HOST) as phone:
        assert phone.register() == 200
        assert phone.call("*43") == 200
        audio = media(office)
        assert office.process is not None
        os.kill(office.process.pid, signal.SIGUSR2)
        assert office.process.wait(10) == 0
        office.start()
        assert media(office) == audio
        assert phone.hears_itself()
        (call,) = office.live()
        assert (call["state"], office.phones()) == ("active", ["1001"])
