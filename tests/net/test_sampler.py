"""Figures of audio on the time axis: who is asked when, and how much is kept."""

from collections.abc import Iterable

from pbx.net import sampler as of_calls
from pbx.net.sampler import Sampler
from pbx.wire import media


class Bench:
    """A sampler, the calls that are up, and what was asked."""

    def __init__(self) -> None:
        self.up: list[str] = []
        self.asked: list[str] = []
        self.now = 1000.0
        self.sampler = Sampler(self._calls, self._ask, lambda: self.now)

    def _calls(self) -> Iterable[str]:
        return self.up

    def _ask(self, command: media.Command) -> None:
        assert isinstance(command, media.Ask)
        self.asked.append(command.call)

    def look(self, times: int = 1) -> list[str]:
        """Who was asked in these looks, one a second."""
        self.asked.clear()
        for _ in range(times):
            self.now += 1
            self.sampler.look()
        return list(self.asked)

    def counted(self, call: str, received: int, legs: str = "ab") -> None:
        counters = tuple(media.Counters(leg, received=received, sent=received, jitter=1.23) for leg in legs)
        self.sampler.heard(media.Counted(call, counters))


def test_each_call_is_asked_every_five_seconds() -> None:
    bench = Bench()
    bench.up = ["x", "y"]
    assert bench.look(4) == []
    assert bench.look() == ["x", "y"]
    assert bench.look(4) == []
    assert bench.look(11) == ["x", "y"] * 3


def test_with_many_calls_each_waits_longer_and_none_is_left_out() -> None:
    bench = Bench()
    bench.up = [str(n) for n in range(10 * of_calls.AT_ONCE)]
    assert bench.look(5) == bench.up[: of_calls.AT_ONCE]
    for _ in range(8):
        assert len(bench.look()) == of_calls.AT_ONCE
    assert bench.look() == bench.up[-of_calls.AT_ONCE :]
    assert bench.look() == bench.up[: of_calls.AT_ONCE], "the next round"


def test_the_figures_of_a_call_stand_in_order() -> None:
    bench = Bench()
    bench.counted("x", 250)
    bench.now += 5
    bench.counted("x", 500)
    bench.sampler.heard(media.Closed("x", (media.Counters("a", received=510),)))
    found = [(sample.at, sample.leg, sample.received, sample.jitter) for sample in bench.sampler.of("x")]
    assert found == [
        (1000.0, "a", 250, 1.2),
        (1000.0, "b", 250, 1.2),
        (1005.0, "a", 500, 1.2),
        (1005.0, "b", 500, 1.2),
        (1005.0, "a", 510, 0.0),
    ]
    assert bench.sampler.of("y") == ()


def test_a_call_without_a_packet_leaves_nothing() -> None:
    bench = Bench()
    bench.counted("x", 0)
    bench.sampler.heard(media.Closed("y", ()))
    assert (bench.sampler.of("x"), bench.sampler.kept) == ((), 0)


def test_a_day_long_call_is_thinned_and_keeps_its_first_and_last() -> None:
    bench = Bench()
    for n in range(1, 20_000):
        bench.now += 5
        bench.counted("x", n)
    samples = bench.sampler.of("x")
    assert len(samples) <= of_calls.PER_CALL
    assert bench.sampler.kept == len(samples)
    assert (samples[0].received, samples[-1].received) == (1, 19_999)
    assert [s.received for s in samples if s.leg == "a"] == [s.received for s in samples if s.leg == "b"]


def test_the_oldest_calls_make_room() -> None:
    bench = Bench()
    for n in range(of_calls.KEPT):
        bench.counted(f"call {n}", 1)
    assert bench.sampler.kept == of_calls.KEPT
    assert bench.sampler.of("call 0") == ()
    assert len(bench.sampler.of(f"call {of_calls.KEPT - 1}")) == 2
