"""REGISTER as a phone sends it (RFC 3261 §10)."""

from dataclasses import replace

import pytest

from pbx.sip.events import Registered, Rejected, Unregistered
from pbx.sip.flow import Address
from pbx.sip.message import Message
from tests.sip.kit import DOMAIN, Phone, Rig, account, label, labels, office

HERE = "<sip:1001@10.0.0.11>"


def contacts(answers: list[Message]) -> list[str]:
    (answer,) = answers
    assert label(answer) == "200 REGISTER"
    return answer.all("Contact")


def bound(rig: Rig) -> list[str]:
    return [str(binding.contact) for binding in rig.stack.registrar.bindings("1001")]


def test_a_phone_registers_and_is_told_how_long() -> None:
    rig = Rig()
    assert contacts(Phone(rig).register(HERE)) == ["<sip:1001@10.0.0.11>;expires=300"]
    event = rig.event(Registered)
    assert (event.refresh, event.binding.aor, event.binding.expires_at - rig.now) == (False, "1001", 300)
    assert rig.stack.registrar.all() == (event.binding,)


def test_a_retransmitted_register_is_answered_again_and_changes_nothing() -> None:
    rig = Rig()
    phone = Phone(rig)
    first = phone.register(HERE)
    rig.events()
    again = phone.again(
        phone.build(
            "REGISTER",
            uri=f"sip:{DOMAIN}",
            to=f"sip:1001@{DOMAIN}",
            headers=[f"Contact: {HERE}"],
            cseq=phone.cseq,
            branch=phone.branch,
        )
    )
    assert [bytes(message) for message in again] == [bytes(message) for message in first]
    assert rig.events() == []


@pytest.mark.parametrize(
    ("contact", "expires", "granted"),
    [
        (HERE, None, 600),
        (HERE, 90, 90),
        (HERE + ";expires=120", 90, 120),
        (HERE, 1_000_000, 3600),
        (HERE + ";expires=99999999999999999999", 90, 600),
        (HERE + ";expires=soon", 90, 600),
    ],
)
def test_the_contact_asks_before_the_header_and_the_registrar_has_the_last_word(
    contact: str, expires: int | None, granted: int
) -> None:
    assert contacts(Phone(Rig()).register(contact, expires=expires))[0].endswith(f";expires={granted}")


def test_too_brief_is_told_how_long_it_must_be_and_nothing_is_kept() -> None:
    rig = Rig()
    (answer,) = Phone(rig).register(HERE, "<sip:1001@10.0.0.11:5080>;expires=5")
    assert (label(answer), answer.get("Min-Expires")) == ("423 REGISTER", "60")
    assert bound(rig) == []
    assert rig.event(Rejected).reason == "too_brief"


def test_a_binding_expires_by_itself() -> None:
    rig = Rig()
    Phone(rig).register(HERE)
    rig.events()
    rig.wait(299.9)
    assert len(bound(rig)) == 1
    rig.wait(0.2)
    assert rig.event(Unregistered).why == "expired"
    assert bound(rig) == []


def test_a_refresh_prolongs_and_keeps_since() -> None:
    rig = Rig()
    phone = Phone(rig)
    phone.register(HERE)
    start = rig.event(Registered).binding.since
    rig.wait(200.0)
    # an equivalent spelling of the contact is the same binding (§19.1.4)
    phone.register("<sip:1001@10.0.0.11;x=y>")
    refreshed = rig.event(Registered)
    assert (refreshed.refresh, refreshed.binding.since) == (True, start)
    rig.wait(200.0)
    assert len(bound(rig)) == 1
    assert rig.events() == []


def test_expires_0_removes_one_binding() -> None:
    rig = Rig()
    phone = Phone(rig)
    phone.register(HERE, "<sip:1001@10.0.0.11:5080>")
    rig.events()
    assert contacts(phone.register(HERE, expires=0)) == ["<sip:1001@10.0.0.11:5080>;expires=300"]
    gone = rig.event(Unregistered)
    assert (gone.why, str(gone.binding.contact)) == ("unregistered", "sip:1001@10.0.0.11")
    phone.register("<sip:1001@10.0.0.99>", expires=0)
    assert rig.events() == []


def test_a_star_removes_all() -> None:
    rig = Rig()
    phone = Phone(rig)
    phone.register(HERE, "<sip:1001@10.0.0.11:5080>")
    rig.events()
    assert contacts(phone.register("*", expires=0)) == []
    assert [type(event) for event in rig.events()] == [Unregistered, Unregistered]


@pytest.mark.parametrize(
    ("contact", "expires"),
    [
        (("*",), 300),
        (("*",), None),
        (("*", HERE), 0),
        (("<mailto:a@b.c>",), 300),
        (("<sip:1001@a>;" + "x" * 600,), 300),
    ],
)
def test_contacts_that_cannot_be_meant_get_400(contact: tuple[str, ...], expires: int | None) -> None:
    rig = Rig()
    phone = Phone(rig)
    phone.register(HERE)
    answers = phone.say(
        "REGISTER",
        uri=f"sip:{DOMAIN}",
        to=f"sip:1001@{DOMAIN}",
        headers=[
            *[f"Contact: {each}" for each in contact],
            *([] if expires is None else [f"Expires: {expires}"]),
        ],
    )
    if label(answers[0]) == "401 REGISTER":
        answers = phone.register(*contact, expires=expires)
    assert labels(answers) == ["400 REGISTER"]
    assert bound(rig) == ["sip:1001@10.0.0.11"]


def test_a_query_changes_nothing_and_lists_all() -> None:
    rig = Rig()
    phone = Phone(rig)
    phone.register(HERE)
    rig.events()
    answers = phone.authorized(
        "REGISTER", uri=f"sip:{DOMAIN}", to=f"sip:1001@{DOMAIN}", headers=["Contact: "]
    )
    assert contacts(answers) == ["<sip:1001@10.0.0.11>;expires=300"]
    assert rig.events() == []


def test_an_old_register_that_was_overtaken_is_refused_whole() -> None:
    rig = Rig()
    phone = Phone(rig)
    phone.cseq = 10
    phone.register(HERE)
    phone.cseq = 0
    (answer,) = phone.register("<sip:1001@10.0.0.11:5080>", HERE, expires=0)
    assert label(answer) == "500 REGISTER"
    phone.cseq = 4
    (answer,) = phone.register("*", expires=0)
    assert label(answer) == "500 REGISTER"
    assert bound(rig) == ["sip:1001@10.0.0.11"]
    rig.wait(33.0)
    phone.cseq = 10
    (answer,) = phone.register(HERE, expires=0)
    assert label(answer) == "500 REGISTER"
    phone.call_id = "after a reboot"
    assert contacts(phone.register(HERE, expires=0)) == []


def test_bindings_are_ordered_by_q_and_then_by_freshness() -> None:
    rig = Rig()
    phone = Phone(rig)
    for contact in (
        "<sip:low@10.0.0.11>;q=0.1",
        "<sip:old@10.0.0.11>",
        "<sip:new@10.0.0.11>;q=1.0",
        "<sip:odd@10.0.0.11>;q=x",
    ):
        phone.register(contact)
        rig.wait(1.0)
    assert [uri.split("@")[0] for uri in bound(rig)] == ["sip:odd", "sip:new", "sip:old", "sip:low"]
    assert ";q=0.1;" in contacts(phone.register("<sip:low@10.0.0.11>;q=0.1"))[-1]


@pytest.mark.parametrize(
    ("contact", "reached"),
    [
        ("<sip:1001@10.0.0.11:5080>", ("10.0.0.11", 5080)),
        ("<sip:1001@10.0.0.11>", ("10.0.0.11", 5060)),
        ("<sip:1001@10.0.0.11:5080;ob>", ("10.0.0.11", 34567)),
        ("<sip:1001@192.168.1.5:5080>", ("10.0.0.11", 34567)),
        ("<sip:1001@victim.example:53>", ("10.0.0.11", 34567)),
    ],
)
def test_a_binding_never_aims_at_a_third_party(contact: str, reached: tuple[str, int]) -> None:
    rig = Rig()
    phone = Phone(rig, address=Address("10.0.0.11", 34567))
    phone.register(contact)
    binding = rig.event(Registered).binding
    assert binding.flow.remote == reached
    assert binding.source.remote == phone.address


def test_a_phone_that_comes_back_with_a_new_port_replaces_itself() -> None:
    rig = Rig()
    phone = Phone(rig)
    instance = ';+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"'
    phone.register("<sip:1001@10.0.0.11:40001>" + instance)
    rig.events()
    assert contacts(phone.register("<sip:1001@10.0.0.11:40002>" + instance)) == [
        "<sip:1001@10.0.0.11:40002>" + instance + ";expires=300"
    ]
    assert [type(event) for event in rig.events()] == [Unregistered, Registered]


def test_too_many_contacts_push_out_the_stalest() -> None:
    rig = Rig(max_contacts=3)
    phone = Phone(rig)
    for port in range(5001, 5006):
        phone.register(f"<sip:1001@10.0.0.11:{port}>")
        rig.wait(1.0)
    assert [uri[-4:] for uri in bound(rig)] == ["5005", "5004", "5003"]
    assert [event.why for event in rig.events() if isinstance(event, Unregistered)] == [
        "replaced",
        "replaced",
    ]
    (answer,) = phone.register(*[f"<sip:1001@10.0.0.11:{port}>" for port in range(6001, 6005)])
    assert label(answer) == "403 REGISTER"


def test_a_path_is_kept_and_echoed() -> None:
    rig = Rig()
    answers = Phone(rig).register(HERE, headers=["Path: <sip:edge.example;lr>", "Supported: path"])
    assert answers[0].get("Path") == "<sip:edge.example;lr>"
    assert [str(hop) for hop in rig.event(Registered).binding.path] == ["<sip:edge.example;lr>"]


def test_a_path_through_the_source_of_the_register_says_its_port() -> None:
    rig = Rig()
    phone = Phone(rig)
    phone.register("<sip:1001@192.168.1.7>", headers=[f"Path: <sip:{phone.address.host}:5090;lr>"])
    assert rig.event(Registered).binding.flow.remote == Address(phone.address.host, 5090)


def test_registering_for_ever_does_not_fill_memory() -> None:
    rig = Rig()
    phone = Phone(rig)
    for _ in range(700):
        phone.register(HERE)
        rig.wait(1.0)
    counts = rig.stack.counts
    assert (counts["bindings"], counts["sessions"]) == (1, 0)
    assert counts["transactions"] <= 33
    assert counts["timers"] <= 40
    assert counts["nonces"] <= 301


def test_a_new_password_ends_what_was_registered_with_the_old_one() -> None:
    rig = Rig()
    Phone(rig).register(HERE)
    Phone(rig, "1002").register("<sip:1002@10.0.0.11:5082>")
    rig.events()
    before = rig.stack.directory
    accounts = {**before.accounts, "1001": account("1001", "Another-secret-2026")}
    rig.stack.use(replace(before, accounts=accounts), rig.now)
    gone = rig.event(Unregistered)
    assert (gone.binding.aor, gone.why) == ("1001", "password changed")
    assert [binding.aor for binding in rig.stack.registrar.all()] == ["1002"]
    rig.stack.use(replace(before, domain="new.test", accounts={"1002": account("1002", "as if")}), rig.now)
    assert [binding.aor for binding in rig.stack.registrar.all()] == ["1002"]  # only the realm changed


def test_a_deleted_extension_takes_its_bindings_along() -> None:
    rig = Rig()
    Phone(rig).register(HERE)
    Phone(rig, "1002").register("<sip:1002@10.0.0.11:5082>")
    rig.events()
    rig.stack.use(office("1002"), rig.now)
    gone = rig.event(Unregistered)
    assert (gone.binding.aor, gone.why) == ("1001", "extension deleted")


def test_a_restored_binding_is_silent_and_expires_as_it_would_have() -> None:
    before = Rig()
    Phone(before).register(HERE)
    binding = before.event(Registered).binding
    rig = Rig()
    rig.stack.restore(binding, rig.now)
    assert rig.events() == []
    assert rig.stack.registrar.bindings("1001") == (binding,)
    rig.wait(300.1)
    assert rig.event(Unregistered).why == "expired"
    for wrong in (Rig(office("1002")), rig):
        wrong.stack.restore(binding, wrong.now)
        assert wrong.stack.registrar.all() == ()
