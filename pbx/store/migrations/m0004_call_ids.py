"""Schema 4: a leg's record names its dialog, so that its messages are found."""

from peewee import Database


def apply(db: Database) -> None:
    db.execute_sql("ALTER TABLE call_leg ADD COLUMN call_id TEXT NOT NULL DEFAULT ''")  # type: ignore[no-untyped-call]
