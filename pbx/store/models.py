"""The tables as they are now (the migrations made them so).

No model is bound to a database: every query says where it runs, `.execute(db)`, so two stores can live side
by side.  Indexes are the migrations' business.
"""

from peewee import (
    AutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)


class Site(Model):
    """One row, id 1, once a domain was chosen."""

    id = IntegerField(primary_key=True)
    domain = TextField()
    name = TextField()


class Extension(Model):
    number = TextField(primary_key=True)
    name = TextField()
    created = DoubleField()
    outside = TextField(default="")


class Account(Model):
    """A phone's SIP account: digests for the call path, the password sealed so that they can be made anew."""

    username = TextField(primary_key=True)
    extension = ForeignKeyField(Extension, column_name="extension", on_delete="CASCADE")
    ha1_md5 = TextField()
    ha1_sha256 = TextField()
    sealed = BlobField()


class Trunk(Model):
    """`settings` is JSON: what is not as usual; the password is sealed beside it."""

    name = TextField(primary_key=True)
    kind = TextField()
    address = TextField()
    settings = TextField(default="{}")
    sealed = BlobField(null=True)


class OutboundRoute(Model):
    """`settings` is JSON; routes are tried in the order of `position`."""

    name = TextField(primary_key=True)
    position = IntegerField()
    settings = TextField()

    class Meta:
        table_name = "outbound_route"


class Revision(Model):
    """`differences` is JSON without secrets; `undoes` the id of the revision it took back."""

    id = AutoField()
    at = DoubleField()
    who = TextField()
    why = TextField()
    differences = TextField()
    undoes = IntegerField(null=True)


class RevisionSecret(Model):
    """The phone passwords that a revision changed, sealed: what undo needs."""

    revision = ForeignKeyField(Revision, column_name="revision", on_delete="CASCADE")
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
        table_name = "users"  # "user" is a reserved word in SQL


class RefreshToken(Model):
    """Only hashes of tokens; those used already are kept until they expire, to notice a second use."""

    token_hash = TextField(primary_key=True)
    family = TextField()
    username = ForeignKeyField(User, column_name="username", on_delete="CASCADE")
    expires = DoubleField()
    used = BooleanField(default=False)

    class Meta:
        table_name = "refresh_token"


class Secret(Model):
    name = TextField(primary_key=True)
    sealed = BlobField()


class Registration(Model):
    """The phones registered now; `slot` is a phone's flow, or its contact; `path` is JSON."""

    aor = TextField()
    slot = TextField()
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
    params = TextField()
    instance = TextField()
    reg_id = IntegerField()

    class Meta:
        primary_key = CompositeKey("aor", "slot")


class TextMessage(Model):
    """Text messages that wait for a phone of `number`; `body` is their bytes as Latin-1."""

    text = TextField(primary_key=True)
    number = TextField()
    sender = TextField()
    name = TextField()
    kind = TextField()
    body = TextField()
    sent = DoubleField()

    class Meta:
        table_name = "text_message"


class Call(Model):
    """One call record; written once."""

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
    transferred = TextField(default="")


class CallLeg(Model):
    """One leg of a call record; `received` is NULL when nobody could count its audio."""

    call = ForeignKeyField(Call, column_name="call", on_delete="CASCADE")
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
    call_id = TextField(default="")

    class Meta:
        table_name = "call_leg"
        primary_key = CompositeKey("call", "position")


class Probe(Model):
    """One row that the health check rewrites."""

    id = IntegerField(primary_key=True)
    at = DoubleField()


ALL: tuple[type[Model], ...] = (
    Site,
    Extension,
    Account,
    Trunk,
    OutboundRoute,
    Revision,
    RevisionSecret,
    User,
    RefreshToken,
    Secret,
    Registration,
    TextMessage,
    Call,
    CallLeg,
    Probe,
)
