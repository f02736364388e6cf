"""Brings a database to the schema of this release, one numbered step after the other.

A step is never changed once released: a new one is added below.  Each runs in one transaction together with
the row that records it, so a power cut leaves a whole step or none.
"""

from collections.abc import Callable

from peewee import Database, DoubleField, IntegerField, Model, SchemaManager, TextField, fn

from pbx.store.errors import StoreTooNew
from pbx.store.migrations import (
    m0001_first,
    m0002_transfers,
    m0003_trunks,
    m0004_call_ids,
    m0005_flows,
    m0006_texts,
)

Step = Callable[[Database], None]

STEPS: tuple[tuple[str, Step], ...] = (
    ("first", m0001_first.apply),
    ("transfers", m0002_transfers.apply),
    ("trunks", m0003_trunks.apply),
    ("call ids", m0004_call_ids.apply),
    ("flows", m0005_flows.apply),
    ("texts", m0006_texts.apply),
)


class SchemaStep(Model):
    """A step that was done, and when."""

    version = IntegerField(primary_key=True)
    name = TextField()
    at = DoubleField()

    class Meta:
        table_name = "schema_step"


def version(db: Database) -> int:
    """The version of the database's schema, 0 = empty."""
    if not db.table_exists("schema_step"):
        return 0
    return SchemaStep.select(fn.MAX(SchemaStep.version)).scalar(db) or 0


def migrate(db: Database, at: float, steps: tuple[tuple[str, Step], ...] = STEPS) -> None:
    """Runs the steps that are missing.  Raises StoreTooNew if the database knows more than we do."""
    found = version(db)
    if found > len(steps):
        raise StoreTooNew(
            f"the database has schema {found}, this Warden knows {len(steps)}: a newer one has used it; "
            "install that one again, or restore an older backup"
        )
    for number, (name, step) in enumerate(steps[found:], start=found + 1):
        with db.atomic():
            SchemaManager(SchemaStep, db).create_table(safe=True)
            step(db)
            SchemaStep.insert(version=number, name=name, at=at).execute(db)
