"""The health page's findings."""

from pathlib import Path

import gevent

from pbx.net.health import (
    FAILED,
    OK,
    WARNING,
    Finding,
    Health,
    Probe,
    disk_has_room,
    hub_is_quick,
    ports_are_left,
)


class Patient:
    def __init__(self) -> None:
        self.finding: Finding | Exception = (OK, "fine.")
        self.now = 100.0
        self.health = Health([Probe("x", "X", self._look)], lambda: self.now)

    def _look(self) -> Finding:
        if isinstance(self.finding, Exception):
            raise self.finding
        return self.finding

    def after(self, finding: Finding | Exception, now: float) -> tuple[str, float]:
        self.finding, self.now = finding, now
        self.health.look()
        (check,) = self.health.checks()
        return check.status, check.since


def test_since_is_when_the_status_changed() -> None:
    patient = Patient()
    assert patient.after((OK, "fine."), 100) == (OK, 100)
    assert patient.after((OK, "still fine."), 110) == (OK, 100)
    assert patient.after((FAILED, "broken."), 120) == (FAILED, 120)
    assert patient.after((OK, "fine."), 130) == (OK, 130)


def test_a_probe_that_raises_has_failed() -> None:
    assert Patient().after(ZeroDivisionError("x"), 100) == (FAILED, 100)


def test_what_changed_is_looked_at_at_once() -> None:
    patient = Patient()
    patient.health.start()
    patient.health.checks()
    patient.finding = FAILED, "broken."
    patient.health.soon()
    gevent.sleep(0.01)
    assert [check.status for check in patient.health.checks()] == [FAILED]
    patient.health.stop()


def test_limits() -> None:
    assert [hub_is_quick(late)[0] for late in (0.01, 0.2, 2)] == [OK, WARNING, FAILED]
    assert [ports_are_left(used, 100)[0] for used in (80, 81, 100)] == [OK, WARNING, FAILED]


def test_the_disk_is_named(tmp_path: Path) -> None:
    assert str(tmp_path) in disk_has_room(tmp_path)[1]
