"""Schema 2: a call's record says by whom and to whom it was transferred."""

from peewee import Database


def apply(db: Database) -> None:
    db.execute_sql("ALTER TABLE call ADD COLUMN transferred TEXT NOT NULL DEFAULT ''")  # type: ignore[no-untyped-call]
