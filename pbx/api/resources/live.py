"""What is going on now: phones registered, calls, and the stream of events."""

import falcon

from pbx.api import views
from pbx.api.events import EventStream
from pbx.api.problems import Problem
from pbx.api.schema import no_body
from pbx.api.services import Services


class Phones:
    def __init__(self, services: Services) -> None:
        self._exchange = services.exchange

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        directory = self._exchange.directory
        response.media = {"items": [views.phone(binding, directory) for binding in self._exchange.phones()]}


class Trunks:
    def __init__(self, services: Services) -> None:
        self._exchange = services.exchange

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.media = {"items": views.plain(self._exchange.trunks())}


class Calls:
    def __init__(self, services: Services) -> None:
        self._exchange = services.exchange

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.media = {"items": views.plain(self._exchange.calls())}


class Call:
    def __init__(self, services: Services) -> None:
        self._exchange = services.exchange

    def on_delete(self, request: falcon.Request, response: falcon.Response, call: str) -> None:
        """202: both sides are being told; the event stream says when the call has ended."""
        no_body(request)
        if not self._exchange.hang_up(call):
            raise Problem(404, "This call is over already.")
        response.status = falcon.HTTP_202
        response.media = {}


class Events:
    def __init__(self, services: Services) -> None:
        self._services = services

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.content_type = "text/event-stream; charset=utf-8"
        response.set_header("X-Accel-Buffering", "no")  # nginx would hold events back
        if request.method == "HEAD":
            return
        services = self._services
        left = request.context.identity.expires - services.clock()
        until = services.monotonic() + left
        exchange = services.exchange
        response.stream = EventStream(exchange, exchange.subscribe(), until, services.monotonic)
