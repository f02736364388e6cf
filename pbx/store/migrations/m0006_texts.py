"""Schema 6: text messages that wait for a phone."""

from peewee import Database


def apply(db: Database) -> None:
    db.execute_sql(  # type: ignore[no-untyped-call]
        "CREATE TABLE text_message (text TEXT NOT NULL PRIMARY KEY, number TEXT NOT NULL, "
        "sender TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, "
        "sent REAL NOT NULL)"
    )
