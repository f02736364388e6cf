"""What the metrics page counts: one registry object that the parts write to and `/metrics` reads.

There is no global registry, so several offices in one process (tests) never mix their figures.
"""

import platform
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SETUP_BUCKETS = (0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_LATE_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1)

Reading = Callable[[], float | Mapping[str, float]]


class _Read:
    """Figures that somebody else keeps as plain numbers: read when the page is, free of cost in between."""

    def __init__(self) -> None:
        self._figures: dict[str, tuple[str, str, bool, Reading]] = {}

    def add(self, name: str, text: str, label: str, rising: bool, read: Reading) -> None:
        self._figures[name] = (text, label, rising, read)

    def collect(self) -> Iterable[Metric]:
        for name, (text, label, rising, read) in self._figures.items():
            family = CounterMetricFamily if rising else GaugeMetricFamily
            value = read()
            if isinstance(value, Mapping):
                metric = family(name, text, labels=[label])
                for key, each in value.items():
                    metric.add_metric([key], each)
            else:
                metric = family(name, text, value=value)
            yield metric


class Telemetry:
    """The office's figures.  Methods are named after what happened; all are cheap and none raises."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._read = _Read()
        self.registry.register(self._read)
        info = self._gauge("warden_info", "Version running", ("version", "python"))
        info.labels(version, platform.python_version()).set(1)
        self._ended = self._counter("warden_calls_ended", "Calls ended, by cause", ("cause",))
        self._setup = self._histogram(
            "warden_call_setup_seconds", "From the caller's INVITE to the first ringing told", _SETUP_BUCKETS
        )
        self._rejected = self._counter("warden_sip_rejected", "SIP messages refused or dropped", ("reason",))
        self._sign_in = self._counter("warden_sign_in_failed", "Failed sign-ins", ("where",))
        self._banned = self._counter("warden_sip_bans", "Temporary bans of (address, account)")
        self._trouble = self._counter("warden_trouble", "Things an admin should read", ("slug",))
        self._late = self._histogram("warden_hub_late_seconds", "Lateness of a 0.1 s pulse", _LATE_BUCKETS)
        self._database = self._counter("warden_database_errors", "Failed database writes")
        self._bug = self._counter("warden_switch_errors", "Exceptions out of the switch: bugs")

    def exposition(self) -> bytes:
        """The page in the Prometheus text format (`CONTENT_TYPE`)."""
        return generate_latest(self.registry)

    def gauge(self, name: str, text: str, read: Reading, label: str = "") -> None:
        """Publish a level that `read` tells: one number, or one for each value of `label`."""
        self._read.add(name, text, label, False, read)

    def counter(self, name: str, text: str, read: Reading, label: str = "") -> None:
        """Publish a total that `read` tells and that never falls while the process lives."""
        self._read.add(name, text, label, True, read)

    def call_ended(self, cause: str) -> None:
        self._ended.labels(cause).inc()

    def call_set_up(self, seconds: float) -> None:
        self._setup.observe(seconds)

    def message_rejected(self, reason: str) -> None:
        self._rejected.labels(reason).inc()

    def sign_in_failed(self, where: str = "console", banned: bool = False) -> None:
        """`where`: "sip" or "console"."""
        self._sign_in.labels(where).inc()
        if banned:
            self._banned.inc()

    def trouble(self, slug: str) -> None:
        self._trouble.labels(slug).inc()

    def hub_late(self, seconds: float) -> None:
        self._late.observe(seconds)

    def database_failed(self) -> None:
        self._database.inc()

    def switch_failed(self) -> None:
        self._bug.inc()

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, buckets=buckets, registry=self.registry)
