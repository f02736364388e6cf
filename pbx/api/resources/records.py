"""Call records: what was said to be over, page by page, newest first."""

import falcon

from pbx.api import schema
from pbx.api.problems import Problem
from pbx.api.services import Services
from pbx.api.views import plain
from pbx.store import RecordFilter


class Records:
    def __init__(self, services: Services) -> None:
        self._services = services

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        wanted = schema.query(request, schema.Records)
        page = self._services.offload.store(self._services.store.records, RecordFilter(**plain(wanted)))
        response.media = plain(page)


class Record:
    def __init__(self, services: Services) -> None:
        self._services = services

    def on_get(self, request: falcon.Request, response: falcon.Response, call: str) -> None:
        record = self._services.offload.store(self._services.store.record, call)
        if record is None:
            raise Problem(404, "There is no record of such a call.")
        response.media = plain(record)
