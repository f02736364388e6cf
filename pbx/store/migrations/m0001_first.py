"""Schema 1: the office, its people, its phones and its call records.

The tables as they were then: a copy, not an import, because `pbx.store.models` moves on.
"""

from peewee import (
    AutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    Database,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    Model,
    SchemaManager,
    TextField,
)


class Site(Model):
    id = IntegerField(primary_key=True)
    domain = TextField()
    name = TextField()


class Extension(Model):
    number = TextField(primary_key=True)
    name = TextField()
    created = DoubleField()


class Account(Model):
    username = TextField(primary_key=True)
    extension = ForeignKeyField(Extension, column_name="extension", on_delete="CASCADE")
    ha1_md5 = TextField()
    ha1_sha256 = TextField()
    sealed = BlobField()


class Trunk(Model):
    name = TextField(primary_key=True)
    kind = TextField()
    address = TextField()


class Revision(Model):
    id = AutoField()
    at = DoubleField()
    who = TextField()
    why = TextField()
    differences = TextField()
    undoes = IntegerField(null=True)


class RevisionSecret(Model):
    revision = ForeignKeyField(Revision, column_name="revision", on_delete="CASCADE", index=False)
    number = TextField()
    before = BlobField(null=True)
    after = BlobField(null=True)

    class Meta:
        table_name = "revision_secret"
        primary_key = CompositeKey("revision", "number")


class User(Model):
    username = TextField(primary_key=True)
    role = TextField()
    password_hash = TextField()
    created = DoubleField()

    class Meta:
        table_name = "users"


class RefreshToken(Model):
    token_hash = TextField(primary_key=True)
    family = TextField(index=True)
    username = ForeignKeyField(User, column_name="username", on_delete="CASCADE")
    expires = DoubleField()
    used = BooleanField(default=False)

    class Meta:
        table_name = "refresh_token"


class Secret(Model):
    name = TextField(primary_key=True)
    sealed = BlobField()


class Registration(Model):
    aor = TextField()
    contact = TextField()
    transport = TextField()
    local_host = TextField()
    local_port = IntegerField()
    remote_host = TextField()
    remote_port = IntegerField()
    user_agent = TextField()
    since = DoubleField()
    expires = DoubleField()
    q = DoubleField()
    call_id = TextField()
    cseq = BigIntegerField()
    path = TextField()

    class Meta:
        primary_key = CompositeKey("aor", "contact")


class Call(Model):
    call = TextField(primary_key=True)
    state = TextField()
    caller_number = TextField()
    caller_name = TextField()
    caller_kind = TextField()
    dialled = TextField()
    callee_number = TextField()
    callee_name = TextField()
    callee_kind = TextField()
    started = DoubleField()
    ringing = DoubleField(null=True)
    answered = DoubleField(null=True)
    ended = DoubleField(null=True)
    cause = TextField()
    cause_text = TextField()
    ended_by = TextField()

    class Meta:
        # (started, call) is the order of the record list and its cursor.
        indexes = (
            (("started", "call"), False),
            (("cause", "started"), False),
            (("caller_number", "started"), False),
            (("callee_number", "started"), False),
            (("dialled", "started"), False),
        )


class CallLeg(Model):
    call = ForeignKeyField(Call, column_name="call", on_delete="CASCADE", index=False)
    position = IntegerField()
    leg = TextField()
    number = TextField()
    name = TextField()
    kind = TextField()
    direction = TextField()
    address = TextField()
    user_agent = TextField()
    state = TextField()
    codec = TextField()
    cause = TextField()
    received = BigIntegerField(null=True)
    received_bytes = BigIntegerField(null=True)
    sent = BigIntegerField(null=True)
    sent_bytes = BigIntegerField(null=True)
    lost = BigIntegerField(null=True)
    reordered = BigIntegerField(null=True)
    duplicated = BigIntegerField(null=True)
    refused = BigIntegerField(null=True)
    jitter = DoubleField(null=True)

    class Meta:
        table_name = "call_leg"
        primary_key = CompositeKey("call", "position")
        indexes = ((("number", "call"), False),)


class Probe(Model):
    id = IntegerField(primary_key=True)
    at = DoubleField()


TABLES: tuple[type[Model], ...] = (
    Site,
    Extension,
    Account,
    Trunk,
    Revision,
    RevisionSecret,
    User,
    RefreshToken,
    Secret,
    Registration,
    Call,
    CallLeg,
    Probe,
)


def apply(db: Database) -> None:
    for table in TABLES:
        SchemaManager(table, db).create_all(safe=False)
