"""Schema 5: a phone may register several flows (RFC 5626), so a registration's key is no more its contact."""

from peewee import Database

_COLUMNS = (
    "aor, contact, transport, local_host, local_port, remote_host, remote_port, user_agent, since, expires, "
    "q, call_id, cseq, path"
)
_STEPS = (
    "ALTER TABLE registration RENAME TO registration_before",
    "CREATE TABLE registration (aor TEXT NOT NULL, slot TEXT NOT NULL, contact TEXT NOT NULL, "
    "transport TEXT NOT NULL, local_host TEXT NOT NULL, local_port INTEGER NOT NULL, "
    "remote_host TEXT NOT NULL, remote_port INTEGER NOT NULL, user_agent TEXT NOT NULL, "
    "since REAL NOT NULL, expires REAL NOT NULL, q REAL NOT NULL, call_id TEXT NOT NULL, "
    "cseq BIGINT NOT NULL, path TEXT NOT NULL, params TEXT NOT NULL, instance TEXT NOT NULL, "
    "reg_id INTEGER NOT NULL, PRIMARY KEY (aor, slot))",
    f"INSERT INTO registration ({_COLUMNS}, slot, params, instance, reg_id) "
    f"SELECT {_COLUMNS}, contact, '', '', 0 FROM registration_before",
    "DROP TABLE registration_before",
)


def apply(db: Database) -> None:
    for step in _STEPS:
        db.execute_sql(step)  # type: ignore[no-untyped-call]
