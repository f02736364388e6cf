"""`make bench`: what the product costs and how far it goes, beside Asterisk 22 on a machine of this kind.

The product runs on one core, the load comes from the other.  Figures depend on the machine, ratios less so.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import meter
from tests.bench.agents import Agent, serve
from tests.bench.audio import Stream, speak
from tests.bench.load import Load, Step
from tests.bench.overload import TIMES, flooded, fresh, recovered, started
from tests.bench.storm import AT_ONCE, PHONES, storm
from tests.interop.sipp import Phone, receive, register
from tests.office import ROOT, Office, running

HOST, TRUNK, DESK = "127.0.0.40", "127.0.4.9", "127.0.4.3"
NUMBERS = [str(n) for n in range(1001, 1301)]
DESK_NUMBER = "2000"
RELAYED = 100
AUDIO_SECONDS = 15.0

SLOW = 4_000.0  # phones a second: all of them within half a second

Figures = dict[str, float]
ROWS = [  # (key, words, Asterisk 22)
    ("idle_mib", "memory idle, MiB", "60"),
    ("kib_per_phone", "memory per registered phone, KiB", "20 to 39"),
    ("kib_per_call", "memory per call, KiB", "300"),
    ("register_cpu", "CPU seconds per 1,000 registrations, at 150/s", "0.97"),
    ("register_max", "registrations/s without a failure", "4,020"),
    ("call_cpu", "CPU seconds per 1,000 calls, at 50/s", "4.2"),
    ("ringing_p50", "INVITE to 180 at 50 calls/s, ms p50", "2.9"),
    ("ringing_p99", "INVITE to 180 at 50 calls/s, ms p99", "36 under load"),
    ("call_max", "calls/s without a failure", "280"),
    ("flood_completed", f"calls/s completed at {TIMES} times that", ""),
    ("flood_options", "% of OPTIONS answered meanwhile", ""),
    ("flood_over", "seconds until it is over", ""),
    ("start", "start to the first answered OPTIONS, s", ""),
    ("storm_repeated", f"repeated messages of {len(PHONES):,} phones that come back in half a second", ""),
    ("storm_seconds", "seconds until all are back, at once", ""),
    ("relay_cpu", f"% of a core for {RELAYED} relayed calls", "22"),
    ("relay_lost", f"packets lost of {int(RELAYED * 100 * AUDIO_SECONDS):,}", "0"),
    ("relay_p50", "audio delay added, ms p50", ""),
    ("relay_p99", "audio delay added, ms p99", ""),
]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def highest(attempt: Callable[[float], Step], start: float, top: float) -> float:
    """The highest rate that is clean, found by growing it by half and then halving the gap twice."""
    good, bad, rate = 0.0, 0.0, start
    while rate <= top and not bad:
        if attempt(rate).clean:
            good, rate = rate, round(rate * 1.5)
        else:
            bad = rate
    for _ in range(2):
        if bad and good:
            middle = round((good + bad) / 2)
            good, bad = (middle, bad) if attempt(middle).clean else (good, middle)
    return good


def tell(what: str, attempt: Callable[[float, float], Step], seconds: float) -> Callable[[float], Step]:
    def run(rate: float) -> Step:
        step = attempt(rate, seconds)
        outcome = f"{step.succeeded} succeeded, {step.failed} failed, {step.retransmitted} repeated"
        say(f"  {rate:g} {what}/s: {outcome}, {100 * step.cpu_seconds / step.seconds:.0f} % CPU")
        return step

    return run


def registering(office: Office, load: Load, figures: Figures) -> None:
    figures["idle_mib"] = meter.memory(office.processes())
    load.register_everybody()
    time.sleep(1)
    more = meter.memory(office.processes()) - figures["idle_mib"]
    figures["kib_per_phone"] = 1024 * more / len(NUMBERS)


def signalling(load: Load, figures: Figures) -> None:
    registers = tell("registrations", load.register, 4)
    figures["register_cpu"] = registers(150).cpu_per_thousand
    figures["register_max"] = highest(registers, 400, 5000)
    load.register_everybody()
    load.answer()
    calls = tell("calls", load.call, 6)
    step = calls(50)
    figures["call_cpu"] = step.cpu_per_thousand
    figures["ringing_p50"] = meter.percentile(step.ringing_ms, 50)
    figures["ringing_p99"] = meter.percentile(step.ringing_ms, 99)
    figures["call_max"] = highest(calls, 100, 600)


def relaying(office: Office, figures: Figures) -> None:
    caller, callee = (Agent(address, 7080, (HOST, 5060), HOST) for address in (TRUNK, DESK))
    pids = office.processes()
    before = meter.memory(pids)
    for n in range(RELAYED):
        caller.dial(DESK_NUMBER, f"relay{n}")
        serve([caller, callee], lambda: all(line.target for line in caller.lines.values()), 5)
    streams = [Stream.of(agent.address, line) for agent in (caller, callee) for line in agent.lines.values()]
    speak(streams, 1.0)
    figures["kib_per_call"] = 1024 * (meter.memory(pids) - before) / RELAYED
    for stream in streams:
        stream.start_counting()
    cpu, began = meter.cpu(pids), time.monotonic()
    speak(streams, AUDIO_SECONDS)
    figures["relay_cpu"] = 100 * (meter.cpu(pids) - cpu) / (time.monotonic() - began)
    figures["relay_lost"] = sum(stream.sent - stream.received for stream in streams)
    delays = [delay / 1e6 for stream in streams for delay in stream.delays]
    figures["relay_p50"], figures["relay_p99"] = meter.percentile(delays, 50), meter.percentile(delays, 99)
    say(f"  {RELAYED} calls: {sum(s.sent for s in streams):,} packets sent, {figures['relay_lost']:g} lost")
    for line in caller.lines.values():
        caller.hang_up(line)
    serve([caller, callee], lambda: not callee.lines, 10)


def desk_phone(folder: Path) -> None:
    """Registers the phone that our own agent answers, from another port of its address."""
    phone = Phone(folder, DESK_NUMBER, DESK, f"{HOST}:5060", HOST)
    contact = f"Contact: <sip:{DESK_NUMBER}@{DESK}:7080>"
    phone.play(register(contact=contact), receive(200), port=7090).succeeds()


def measure(folder: Path) -> Figures:
    cores = sorted(os.sched_getaffinity(0))
    ours, theirs = {cores[-1]}, set(cores[:-1]) or {cores[0]}
    os.sched_setaffinity(0, theirs)
    figures: Figures = {}
    with running(folder, HOST, [*NUMBERS, DESK_NUMBER], trunk=TRUNK, rtp="10000-20000") as office:
        meter.pin(office.processes(), ours)
        load = Load(office, NUMBERS)
        try:
            time.sleep(2)
            registering(office, load, figures)
            desk_phone(folder / "desk")
            relaying(office, figures)
            office.settled()
            signalling(load, figures)
        finally:
            load.close()
    drowning(folder / "drowning", ours, figures)
    coming_back(folder / "storm", ours, figures)
    return figures


def drowning(folder: Path, ours: set[int], figures: Figures) -> None:
    office = fresh(folder, HOST, NUMBERS, TRUNK)
    figures["start"] = started(office)
    load = Load(office, NUMBERS)
    try:
        meter.pin(office.processes(), ours)
        load.register_everybody()
        load.answer()
        done, share = flooded(load, TIMES * figures["call_max"], TRUNK)
        figures["flood_completed"], figures["flood_options"] = done, 100 * share
        figures["flood_over"] = recovered(HOST, TRUNK)
    finally:
        load.close()
        office.stop()
    say(f"  {TIMES} times too much: {done:.0f} calls/s completed, {100 * share:.0f} % of OPTIONS answered")


def coming_back(folder: Path, ours: set[int], figures: Figures) -> None:
    rates = [(SLOW, False), (AT_ONCE, False)]
    slow, fast = storm(folder, HOST, PHONES, rates, lambda office: meter.pin(office.processes(), ours))
    figures["storm_repeated"], figures["storm_seconds"] = slow.retransmitted, fast.seconds
    say(f"  {len(PHONES)} phones at once: {fast.succeeded} came, {fast.retransmitted} messages repeated")


def table(figures: Figures) -> str:
    wide = max(len(words) for _, words, _ in ROWS)
    lines = [f"{'':{wide}}  {'Warden':>10}  {'Asterisk 22':>14}"]
    lines += [f"{words:{wide}}  {figures[key]:>10,.4g}  {asterisk:>14}" for key, words, asterisk in ROWS]
    return "\n".join(lines)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="warden-bench-") as folder:
        figures = measure(Path(folder) / "office")
    print(table(figures))
    artefacts = ROOT / "artefacts"
    artefacts.mkdir(exist_ok=True)
    (artefacts / "bench.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
