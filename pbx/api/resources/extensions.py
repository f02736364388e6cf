"""Extensions: the numbers of the office, their phones' passwords, and the history of every change."""

from collections import Counter
from typing import Any

import falcon

from pbx.api import office, schema
from pbx.api.services import Services
from pbx.api.views import plain
from pbx.store import ExtensionRow


class Extensions:
    def __init__(self, services: Services) -> None:
        self._services = services

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        rows = self._services.offload.store(self._services.store.extensions)
        response.media = {"items": _documents(self._services, rows)}

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        services, new = self._services, schema.body(request, schema.NewExtension)
        create = services.store.create_extension
        row, password = office.change(services, create, new.number, new.name, _who(request), new.password)
        response.media = {
            "extension": _documents(services, [row])[0],
            "phone": office.phone_setup(services, request, row.number, row.name, password),
        }
        response.status = falcon.HTTP_201
        response.set_header("Location", f"/api/extensions/{row.number}")


class Extension:
    def __init__(self, services: Services) -> None:
        self._services = services

    def on_get(self, request: falcon.Request, response: falcon.Response, number: str) -> None:
        row = self._services.offload.store(self._services.store.extension, number)
        response.media = _documents(self._services, [row])[0]

    def on_patch(self, request: falcon.Request, response: falcon.Response, number: str) -> None:
        services, wanted = self._services, schema.body(request, schema.Rename)
        row = office.change(services, services.store.rename_extension, number, wanted.name, _who(request))
        response.media = _documents(services, [row])[0]

    def on_delete(self, request: falcon.Request, response: falcon.Response, number: str) -> None:
        schema.no_body(request)
        delete = self._services.store.delete_extension
        response.media = {"revision": office.change(self._services, delete, number, _who(request))}


class Password:
    """A new password for an extension's phone; the old one stops working."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def on_post(self, request: falcon.Request, response: falcon.Response, number: str) -> None:
        schema.no_body(request)
        services = self._services
        row = services.offload.store(services.store.extension, number)
        password = office.change(services, services.store.new_password, number, _who(request))
        response.media = {"phone": office.phone_setup(services, request, number, row.name, password)}


class Revisions:
    def __init__(self, services: Services) -> None:
        self._services = services

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        wanted = schema.query(request, schema.Revisions)
        items = self._services.offload.store(self._services.store.revisions, wanted.limit)
        response.media = {"items": plain(items)}


class Undo:
    def __init__(self, services: Services) -> None:
        self._services = services

    def on_post(self, request: falcon.Request, response: falcon.Response, revision: int) -> None:
        schema.no_body(request)
        undo = self._services.store.undo
        response.media = {"revision": office.change(self._services, undo, revision, _who(request))}


def _documents(services: Services, rows: list[ExtensionRow]) -> list[dict[str, Any]]:
    phones = Counter(binding.aor for binding in services.exchange.phones())
    return [{**plain(row), "phones": phones[row.number]} for row in rows]


def _who(request: falcon.Request) -> str:
    """The name that the change's revision carries."""
    username: str = request.context.identity.username
    return username
