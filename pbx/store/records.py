"""What happened: call records, and which phones are registered."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from functools import reduce
from operator import or_
from typing import Any

from peewee import Expression, chunked

from pbx.config import ConfigError, Problem
from pbx.sip.flow import Address, Flow
from pbx.store import models
from pbx.store.section import Section
from pbx.store.values import Page, RecordFilter
from pbx.switch.events import (
    BindingView,
    CallEnded,
    CallView,
    Fact,
    LegView,
    Party,
    PhoneRegistered,
    PhoneUnregistered,
)
from pbx.wire.media import Counters

_COUNTED = tuple(field.name for field in fields(Counters) if field.name != "leg")
_PLAIN = tuple(field.name for field in fields(CallView) if field.name not in ("caller", "callee", "legs"))
_MANY = 500


class Records(Section):
    """The facts' part of the store."""

    def write(self, facts: Sequence[Fact]) -> None:
        """One transaction: ended calls and registrations; other facts are skipped.

        Writing a fact again is no error, so a writer that is not sure may repeat.
        """
        calls = [fact.call for fact in facts if isinstance(fact, CallEnded)]
        phones = [fact for fact in facts if isinstance(fact, PhoneRegistered | PhoneUnregistered)]
        if not calls and not phones:
            return
        with self._db.atomic():
            self._insert(models.Call, map(_call_row, calls))
            self._insert(models.CallLeg, (row for call in calls for row in _leg_rows(call)))
            self._register(phones)

    def _insert(self, table: Any, rows: Iterable[dict[str, Any]]) -> None:
        for some in chunked(rows, _MANY):
            table.insert_many(some).on_conflict_ignore().execute(self._db)

    def _register(self, facts: Iterable[PhoneRegistered | PhoneUnregistered]) -> None:
        table = models.Registration
        key = [table.aor, table.contact]
        for fact in facts:
            binding = fact.binding
            # The Call-ID, so that the end of an old registration cannot end a newer one of the same contact.
            same = (table.aor == binding.aor) & (table.contact == binding.contact)
            if isinstance(fact, PhoneUnregistered):
                table.delete().where(same & (table.call_id == binding.call_id)).execute(self._db)
            else:
                row = _binding_row(binding)
                preserve = [name for name in row if name not in ("aor", "contact")]
                insert = table.insert(**row).on_conflict(conflict_target=key, preserve=preserve)
                insert.execute(self._db)

    def bindings(self) -> list[BindingView]:
        """The phones of existing extensions whose registration has not expired, the oldest first."""
        table, extension = models.Registration, models.Extension
        exists = table.aor.in_(extension.select(extension.number))
        query = table.select().where(table.expires > self._clock(), exists).order_by(table.since)
        return [_binding(row) for row in query.dicts().execute(self._db)]

    def records(self, filter: RecordFilter) -> Page:
        """Newest first.  Raises ConfigError (paths cursor, limit)."""
        if not 1 <= filter.limit <= _MANY:
            raise ConfigError([Problem("limit", f"wanted 1 to {_MANY}")])
        call = models.Call
        query = call.select().order_by(call.started.desc(), call.call.desc()).limit(filter.limit + 1)
        for condition in _conditions(filter):
            query = query.where(condition)
        rows = list(query.dicts().execute(self._db))
        items = self._views(rows[: filter.limit])
        more = len(rows) > filter.limit
        return Page(items, _cursor(items[-1]) if more else None)

    def record(self, call: str) -> CallView | None:
        """One call's record, None if there is none."""
        rows = list(models.Call.select().where(models.Call.call == call).dicts().execute(self._db))
        return self._views(rows)[0] if rows else None

    def prune(self, before: float) -> int:
        """Deletes the records of calls that started before; how many."""
        deleted: int = models.Call.delete().where(models.Call.started < before).execute(self._db)
        return deleted

    def probe(self) -> None:
        """Writes and commits a row: raises what a real write would (health check)."""
        table = models.Probe
        insert = table.insert(id=1, at=self._clock())
        insert.on_conflict(conflict_target=[table.id], preserve=[table.at]).execute(self._db)

    def _views(self, rows: list[dict[str, Any]]) -> tuple[CallView, ...]:
        leg = models.CallLeg
        legs: dict[str, list[LegView]] = {row["call"]: [] for row in rows}
        query = leg.select().where(leg.call.in_(list(legs))).order_by(leg.call, leg.position)
        for row in query.dicts().execute(self._db):
            legs[row["call"]].append(_leg(row))
        return tuple(_call(row, legs[row["call"]]) for row in rows)


def _conditions(filter: RecordFilter) -> Iterable[Expression]:
    call, leg = models.Call, models.CallLeg
    if filter.number is not None:
        of_leg = leg.select(leg.call).where(leg.number == filter.number)
        ends = (call.caller_number == filter.number) | (call.callee_number == filter.number)
        yield ends | (call.dialled == filter.number) | call.call.in_(of_leg)
    if filter.cause is not None:
        yield call.cause == filter.cause
    if filter.since is not None:
        yield call.started >= filter.since
    if filter.until is not None:
        yield call.started < filter.until
    if filter.text:
        searched = (call.caller_name, call.caller_number, call.dialled, call.callee_name, call.callee_number)
        yield reduce(or_, (column.contains(filter.text) for column in searched))
    if filter.cursor is not None:
        started, last = _position(filter.cursor)
        yield (call.started < started) | ((call.started == started) & (call.call < last))


def _cursor(call: CallView) -> str:
    return base64.urlsafe_b64encode(json.dumps([call.started, call.call]).encode()).decode().rstrip("=")


def _position(cursor: str) -> tuple[float, str]:
    try:
        started, call = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return float(started), str(call)
    except (ValueError, TypeError):
        raise ConfigError([Problem("cursor", "is not one that a page of records gave")]) from None


def _call_row(call: CallView) -> dict[str, Any]:
    row = {name: getattr(call, name) for name in _PLAIN}
    for end, party in (("caller", call.caller), ("callee", call.callee)):
        row |= {f"{end}_number": party.number, f"{end}_name": party.name, f"{end}_kind": party.kind}
    return row


def _call(row: dict[str, Any], legs: list[LegView]) -> CallView:
    caller, callee = (
        Party(row.pop(f"{end}_number"), row.pop(f"{end}_name"), row.pop(f"{end}_kind"))
        for end in ("caller", "callee")
    )
    return CallView(**row, caller=caller, callee=callee, legs=tuple(legs))


def _leg_rows(call: CallView) -> Iterable[dict[str, Any]]:
    for position, leg in enumerate(call.legs):
        row = asdict(leg)
        counters = row.pop("counters") or dict.fromkeys(_COUNTED)
        counters.pop("leg", None)
        yield {"call": call.call, "position": position} | row.pop("party") | row | counters


def _leg(row: dict[str, Any]) -> LegView:
    del row["call"], row["position"]
    party = Party(row.pop("number"), row.pop("name"), row.pop("kind"))
    counted = {name: row.pop(name) for name in _COUNTED}
    counters = None if counted["received"] is None else Counters(row["leg"], **counted)
    return LegView(**row, party=party, counters=counters)


def _binding_row(binding: BindingView) -> dict[str, Any]:
    row = asdict(binding)
    transport, local, remote = row.pop("flow")
    row |= {"transport": transport, "path": json.dumps(binding.path)}
    row |= {"local_host": local.host, "local_port": local.port}
    return row | {"remote_host": remote.host, "remote_port": remote.port}


def _binding(row: dict[str, Any]) -> BindingView:
    local = Address(row.pop("local_host"), row.pop("local_port"))
    remote = Address(row.pop("remote_host"), row.pop("remote_port"))
    flow = Flow(row.pop("transport"), local, remote)
    return BindingView(**row | {"flow": flow, "path": tuple(json.loads(row["path"]))})
