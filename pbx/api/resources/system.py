"""The box itself: its health, its metrics, and what phones need to know of the site."""

from collections.abc import Iterable
from typing import Any

import falcon

from pbx.api.office import phone_server
from pbx.api.services import Check, Services
from pbx.api.views import plain
from pbx.telemetry import CONTENT_TYPE

_WORST_FIRST = ("failed", "warning", "ok")


class Health:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._started = services.monotonic()

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Strangers learn only whether all is well."""
        services, checks = self._services, self._services.health()
        document: dict[str, Any] = {"status": overall(checks)}
        if request.context.identity is not None:
            used, total = services.exchange.ports()
            document |= {
                "version": services.version,
                "uptime": services.monotonic() - self._started,
                "checks": plain(checks),
                "ports": {"used": used, "total": total},
            }
        response.media = document


class Site:
    def __init__(self, services: Services) -> None:
        self._services = services

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        services = self._services
        site = services.offload.store(services.store.site)
        server = str(phone_server(services, request))
        response.media = {"domain": site.domain, "server": server, "transports": ["udp"], "name": site.name}


class Metrics:
    def __init__(self, services: Services) -> None:
        self._telemetry = services.telemetry

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.data = self._telemetry.exposition()
        response.content_type = CONTENT_TYPE


def overall(checks: Iterable[Check]) -> str:
    """The worst of them all."""
    seen = {check.status for check in checks}
    return next((status for status in _WORST_FIRST if status in seen), "ok")
