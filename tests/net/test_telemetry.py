"""The metrics page."""

from pbx.telemetry import Telemetry


def page(telemetry: Telemetry) -> list[str]:
    return telemetry.exposition().decode().splitlines()


def test_ended_calls_are_counted_by_cause() -> None:
    telemetry = Telemetry("1.2.3")
    telemetry.call_ended("normal")
    telemetry.call_ended("normal")
    telemetry.call_ended("busy")
    assert 'warden_calls_ended_total{cause="normal"} 2.0' in page(telemetry)
    assert 'warden_calls_ended_total{cause="busy"} 1.0' in page(telemetry)


def test_a_level_is_read_when_the_page_is() -> None:
    telemetry = Telemetry("1.2.3")
    phones = [1]
    telemetry.gauge("warden_phones", "Registered phones", lambda: len(phones))
    telemetry.gauge("warden_calls", "Calls now", lambda: {"active": 2, "held": 1}, "state")
    phones.append(2)
    assert "warden_phones 2.0" in page(telemetry)
    assert 'warden_calls{state="held"} 1.0' in page(telemetry)


def test_two_offices_do_not_share_figures() -> None:
    one, other = Telemetry("1"), Telemetry("1")
    one.switch_failed()
    assert "warden_switch_errors_total 1.0" in page(one)
    assert "warden_switch_errors_total 0.0" in page(other)


def test_setup_delay_falls_into_its_bucket() -> None:
    telemetry = Telemetry("1")
    telemetry.call_set_up(0.03)
    assert 'warden_call_setup_seconds_bucket{le="0.02"} 0.0' in page(telemetry)
    assert 'warden_call_setup_seconds_bucket{le="0.035"} 1.0' in page(telemetry)
