"""The SIP messages of a call: as a ladder, as text, as a capture file."""

import falcon

from pbx.api.problems import Problem
from pbx.api.services import Services
from pbx.api.views import plain
from pbx.switch.events import CallView

_GONE = "The messages of this call are not kept any more: only those of the last calls are."


class _Traced:
    def __init__(self, services: Services) -> None:
        self._services = services

    def _call(self, name: str) -> CallView:
        services = self._services
        live = next((call for call in services.exchange.calls() if call.call == name), None)
        call = live or services.offload.store(services.store.record, name)
        if call is None:
            raise Problem(404, "There is no such call.")
        return call


class Ladder(_Traced):
    def on_get(self, request: falcon.Request, response: falcon.Response, call: str) -> None:
        found = self._services.exchange.trace(self._call(call))
        if found is None:
            raise Problem(404, _GONE)
        response.media = {"call": call, **plain(found)}


class Text(_Traced):
    def on_get(self, request: falcon.Request, response: falcon.Response, call: str) -> None:
        words = self._services.exchange.trace_text(self._call(call))
        if not words:
            raise Problem(404, _GONE)
        response.content_type = "text/plain; charset=utf-8"
        response.text = words


class Capture(_Traced):
    def on_get(self, request: falcon.Request, response: falcon.Response, call: str) -> None:
        data = self._services.exchange.capture(self._call(call))
        if data is None:
            raise Problem(404, _GONE)
        response.content_type = "application/vnd.tcpdump.pcap"
        response.set_header("Content-Disposition", f'attachment; filename="call-{call}.pcap"')
        response.data = data
