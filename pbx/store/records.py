"""What happened: call records, and which phones are registered."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import reduce
from itertools import groupby
from operator import or_
from typing import Any

from peewee import Expression, Insert, Query

from pbx.config import ConfigError, Problem
from pbx.store import models
from pbx.store.rows import Row, binding_row, binding_view, call_row, call_view, leg_rows
from pbx.store.section import Section
from pbx.store.values import Page, RecordFilter
from pbx.switch.events import (
    BindingView,
    CallEnded,
    CallView,
    Fact,
    PhoneRegistered,
    PhoneUnregistered,
    TextGone,
    TextKept,
    TextView,
)

_MANY = 500


class Records(Section):
    """The facts' part of the store."""

    def write(self, facts: Sequence[Fact]) -> None:
        """One transaction: ended calls and registrations; other facts are skipped.

        Writing a fact again is no error, so a writer that is not sure may repeat.
        """
        calls = [fact.call for fact in facts if isinstance(fact, CallEnded)]
        phones = [fact for fact in facts if isinstance(fact, PhoneRegistered | PhoneUnregistered)]
        texts = [fact for fact in facts if isinstance(fact, TextKept | TextGone)]
        if not calls and not phones and not texts:
            return
        with self._db.atomic():
            self._insert(models.Call, [call_row(call) for call in calls])
            self._insert(models.CallLeg, [row for call in calls for row in leg_rows(call)])
            # Runs of the same kind, because the order matters: a phone may come and go within one batch.
            for kind, run in groupby(phones, type):
                bindings = [fact.binding for fact in run]
                if kind is PhoneRegistered:
                    self._register([binding_row(binding) for binding in bindings])
                else:
                    self._unregister(bindings)
            for fact in texts:
                self._write_text(fact)

    def _insert(self, table: Any, rows: list[Row]) -> None:
        if rows:
            self._repeat(_insertion(table, rows[0]).on_conflict_ignore(), rows)

    def _register(self, rows: list[Row]) -> None:
        table = models.Registration
        key, every = [table.aor, table.slot], list(rows[0])
        self._repeat(_insertion(table, rows[0]).on_conflict(conflict_target=key, preserve=every), rows)

    def _unregister(self, bindings: list[BindingView]) -> None:
        table = models.Registration
        # The Call-ID, so that the end of an old registration cannot end a newer one of the same slot.
        same = (table.aor == "") & (table.slot == "") & (table.call_id == "")
        rows = [{"aor": b.aor, "slot": b.slot, "call_id": b.call_id} for b in bindings]
        self._repeat(table.delete().where(same), rows)

    def _write_text(self, fact: TextKept | TextGone) -> None:
        table = models.TextMessage
        if isinstance(fact, TextKept):
            table.insert(asdict(fact.text)).on_conflict_ignore().execute(self._db)
        else:
            table.delete().where(table.text == fact.text).execute(self._db)

    def _repeat(self, query: Query, rows: list[Row]) -> None:
        """Runs `query` once for each row: making its SQL anew for each would cost more than running it."""
        sql, _ = query.bind(self._db).sql()
        for row in rows:
            self._db.execute_sql(sql, tuple(row.values()))  # type: ignore[no-untyped-call]

    def bindings(self) -> list[BindingView]:
        """The phones of existing extensions whose registration has not expired, the oldest first.

        The others are forgotten: nobody was there to tell when they expired.
        """
        table, extension = models.Registration, models.Extension
        known = extension.select(extension.number)
        gone = (table.expires <= self._clock()) | table.aor.not_in(known)
        table.delete().where(gone).execute(self._db)
        return [binding_view(row) for row in table.select().order_by(table.since).dicts().execute(self._db)]

    def texts(self) -> list[TextView]:
        """The text messages that wait, the oldest first."""
        table = models.TextMessage
        return [TextView(**row) for row in table.select().order_by(table.sent).dicts().execute(self._db)]

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

    def _views(self, rows: list[Row]) -> tuple[CallView, ...]:
        leg = models.CallLeg
        legs: dict[str, list[Row]] = {row["call"]: [] for row in rows}
        query = leg.select().where(leg.call.in_(list(legs))).order_by(leg.call, leg.position)
        for row in query.dicts().execute(self._db):
            legs[row["call"]].append(row)
        return tuple(call_view(row, legs[row["call"]]) for row in rows)


def _insertion(table: Any, row: Row) -> Insert:
    """Inserts a row; the columns come in the row's order."""
    insert: Insert = table.insert_many([tuple(row.values())], [getattr(table, name) for name in row])
    return insert


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
