"""Who is kept out: bans that can be lifted, and who was refused lately."""

import falcon

from pbx.api import views
from pbx.api.problems import Problem
from pbx.api.schema import no_body
from pbx.api.services import Services


class Bans:
    def __init__(self, services: Services) -> None:
        self._exchange = services.exchange

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.media = {"items": views.plain(self._exchange.bans())}

    def on_delete(self, request: falcon.Request, response: falcon.Response) -> None:
        """Named in the query: an account is whatever a stranger claimed, slashes and all."""
        no_body(request)
        address, account = (request.get_param(name, default="") for name in ("address", "account"))
        if not self._exchange.lift(address, account):
            raise Problem(404, "There is no such ban, or it has ended.")
        response.media = {}


class Refusals:
    def __init__(self, services: Services) -> None:
        self._exchange = services.exchange

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.media = views.plain(self._exchange.refused())
