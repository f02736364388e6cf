"""Figures that the parts keep as plain numbers, published for the metrics page."""

from collections import Counter
from collections.abc import Mapping

from pbx.net.broadcast import Broadcast
from pbx.net.driver import Driver
from pbx.net.hep import Hep
from pbx.net.media_link import MediaLink
from pbx.net.transports import Transports
from pbx.net.writer import Writer
from pbx.switch.switch import Switch
from pbx.telemetry import Telemetry


def publish(
    telemetry: Telemetry,
    driver: Driver[Switch],
    transports: Transports,
    media: MediaLink,
    broadcast: Broadcast,
    writer: Writer,
    hep: Hep | None,
) -> None:
    gauge, counter, switch = telemetry.gauge, telemetry.counter, driver.machine
    gauge("warden_phones", "Registered phones", lambda: switch.counts()["bindings"])
    gauge("warden_calls", "Calls now, by state", lambda: _calls_by_state(switch), "state")
    gauge("warden_switch_objects", "What the switch holds in memory", switch.counts, "kind")
    gauge("warden_console_listeners", "Open live views", lambda: broadcast.listeners)
    gauge("warden_records_waiting", "Facts not yet in the database", lambda: writer.waiting)
    udp, streams = transports.udp, transports.streams
    counter("warden_sip_received", "SIP datagrams received", lambda: udp.received)
    counter("warden_sip_sent", "SIP datagrams sent", lambda: udp.sent)
    counter("warden_sip_unsent", "SIP datagrams that could not be sent", lambda: udp.unsent)
    gauge("warden_sip_connections", "SIP connections now", lambda: streams.counts, "transport")
    counter("warden_sip_connections_refused", "Connections beyond the limits", lambda: streams.refused)
    counter("warden_sip_dropped", "SIP messages turned away under load", lambda: driver.dropped)
    if hep is not None:
        counter("warden_hep_sent", "SIP messages sent to the Homer", lambda: hep.sent)
        counter("warden_hep_unsent", "SIP messages that could not be sent to it", lambda: hep.unsent)
    counter("warden_media_starts", "Starts of the media process", lambda: media.starts)
    counter("warden_rtp_packets", "Audio packets relayed", lambda: media.totals.packets)
    counter("warden_rtp_bytes", "Audio bytes relayed", lambda: media.totals.bytes)
    counter("warden_rtp_lost", "Audio packets lost on the way to us", lambda: media.totals.lost)
    counter("warden_rtp_refused", "Packets of a wrong source or kind", lambda: media.totals.refused)


def _calls_by_state(switch: Switch) -> Mapping[str, float]:
    states = Counter(call.state for call in switch.calls())
    return {state: states[state] for state in ("new", "ringing", "active", "held", "transferring")}
