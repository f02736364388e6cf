"""Schema 3: trunks that register, numbers to and from the outside, and routes."""

from peewee import Database

_STEPS = (
    "ALTER TABLE trunk ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE trunk ADD COLUMN sealed BLOB",
    "ALTER TABLE extension ADD COLUMN outside TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE outbound_route "
    "(name TEXT NOT NULL PRIMARY KEY, position INTEGER NOT NULL, settings TEXT NOT NULL)",
)


def apply(db: Database) -> None:
    for step in _STEPS:
        db.execute_sql(step)  # type: ignore[no-untyped-call]
