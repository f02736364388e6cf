"""Digest authentication as a phone meets it (RFC 7616, RFC 8760)."""

import pytest

from pbx.directory import Directory, Trunk
from pbx.sip.events import AuthFailed, Invited, Registered, Rejected
from pbx.sip.headers import Auth
from pbx.sip.message import Message
from tests.sip.kit import ANNA, BOB, DOMAIN, OFFER, TRUNK, Phone, Rig, account, label, labels, office

URI = f"sip:{DOMAIN}"


def challenge(phone: Phone, headers: tuple[str, ...] = ()) -> Message:
    (answer,) = phone.say("REGISTER", uri=URI, to=f"sip:1001@{DOMAIN}", headers=headers)
    assert label(answer) == "401 REGISTER"
    return answer


def retry(phone: Phone, authorization: str, uri: str = URI) -> list[str]:
    return labels(phone.say("REGISTER", uri=uri, to=f"sip:1001@{DOMAIN}", headers=[authorization]))


def test_a_challenge_offers_md5_and_sha256_in_headers_of_their_own() -> None:
    offers = [Auth.parse(text) for text in challenge(Phone(Rig())).all("WWW-Authenticate")]
    assert [offer.get("algorithm") for offer in offers] == ["MD5", "SHA-256"]
    assert {offer.get("realm") for offer in offers} == {DOMAIN}
    assert {offer.get("qop") for offer in offers} == {"auth"}
    assert len({offer.get("nonce") for offer in offers}) == 1


def test_baresip_1_which_gives_up_at_a_name_it_does_not_know_is_offered_md5_alone() -> None:
    answer = challenge(Phone(Rig()), ("User-Agent: baresip v1.0.0 (x86_64/linux)",))
    assert [Auth.parse(text).get("algorithm") for text in answer.all("WWW-Authenticate")] == ["MD5"]


@pytest.mark.parametrize("transport", ["WS", "WSS"])
def test_a_page_that_looks_at_the_last_header_only_is_offered_md5_alone(transport: str) -> None:
    rig = Rig()
    page = Phone(rig).build("REGISTER", uri=URI, to=f"sip:1001@{DOMAIN}")
    (answer,) = rig.hear(page.replace(b"SIP/2.0/UDP", f"SIP/2.0/{transport}".encode()), ANNA)
    assert [Auth.parse(text).get("algorithm") for text in answer.all("WWW-Authenticate")] == ["MD5"]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_the_right_password_is_let_in(algorithm: str) -> None:
    rig = Rig()
    phone = Phone(rig)
    assert retry(phone, phone.authorize(challenge(phone), "REGISTER", URI, algorithm=algorithm)) == [
        "200 REGISTER"
    ]


def test_a_nonce_serves_for_many_requests_while_its_count_rises() -> None:
    phone = Phone(Rig())
    offer = challenge(phone)
    for count in ("00000001", "00000002", "0000000a"):
        assert retry(phone, phone.authorize(offer, "REGISTER", URI, nc=count)) == ["200 REGISTER"]


def test_a_replay_is_challenged_as_stale_and_counts_as_no_failure() -> None:
    rig = Rig()
    phone = Phone(rig)
    credentials = phone.authorize(challenge(phone), "REGISTER", URI)
    assert retry(phone, credentials) == ["200 REGISTER"]
    rig.events()
    (answer,) = phone.say("REGISTER", uri=URI, to=f"sip:1001@{DOMAIN}", headers=[credentials])
    assert Auth.parse(answer.all("WWW-Authenticate")[0]).get("stale") == "true"
    assert rig.events() == []


def test_an_old_nonce_is_stale_and_a_foreign_one_too() -> None:
    rig = Rig()
    phone = Phone(rig)
    old = phone.authorize(challenge(phone), "REGISTER", URI)
    rig.wait(301.0)
    for credentials in (old, old.replace('nonce="', 'nonce="f')):
        (answer,) = phone.say("REGISTER", uri=URI, to=f"sip:1001@{DOMAIN}", headers=[credentials])
        assert "stale=true" in str(answer.get("WWW-Authenticate"))


def test_a_wrong_password_waits_and_its_retransmissions_are_absorbed() -> None:
    rig = Rig()
    phone = Phone(rig)
    request = phone.build(
        "REGISTER",
        uri=URI,
        to=f"sip:1001@{DOMAIN}",
        headers=[phone.authorize(challenge(phone), "REGISTER", URI, password="guess")],
    )
    assert phone.again(request) == []
    assert rig.event(AuthFailed) == AuthFailed("1001", ANNA.host, 0.0)
    assert rig.wait(0.4) == []
    assert phone.again(request) == []
    (late,) = rig.wait(0.2)
    assert label(late) == "401 REGISTER"
    assert "stale" not in str(late.get("WWW-Authenticate"))


def test_five_wrong_guesses_ban_the_account_from_that_host_and_from_no_other() -> None:
    rig = Rig()
    anna, other = Phone(rig), Phone(rig, address=BOB)
    for _ in range(4):
        retry(anna, anna.authorize(challenge(anna), "REGISTER", URI, password="guess"))
        rig.wait(5.0)
    assert retry(anna, anna.authorize(challenge(anna), "REGISTER", URI, password="guess")) == ["403 REGISTER"]
    assert AuthFailed("1001", ANNA.host, 60.0) in rig.events()
    (refused,) = anna.say(
        "REGISTER",
        uri=URI,
        to=f"sip:1001@{DOMAIN}",
        headers=[anna.authorize(challenge(anna), "REGISTER", URI)],
    )
    assert label(refused) == "403 REGISTER"
    assert refused.get("Retry-After") == "61"
    assert labels(other.register("<sip:1001@10.0.0.12:5070>")) == ["200 REGISTER"]
    rig.wait(61.0)
    assert labels(anna.register("<sip:1001@10.0.0.11>")) == ["200 REGISTER"]


def test_an_unknown_account_is_treated_exactly_as_a_wrong_password() -> None:
    said = []
    for number in ("1001", "9999"):
        rig = Rig()
        phone = Phone(rig, number)
        (offer,) = phone.say("REGISTER", uri=URI, to=f"sip:{number}@{DOMAIN}")
        phone.say(
            "REGISTER",
            uri=URI,
            to=f"sip:{number}@{DOMAIN}",
            headers=[phone.authorize(offer, "REGISTER", URI, password="guess")],
        )
        rig.wait(2.0)
        said.append(
            [(round(when, 3), label(message), message.headers.lines.keys()) for when, message, _ in rig.said]
        )
    assert said[0] == said[1]


def test_guesses_with_a_nonce_of_somebody_else_ban_nobody() -> None:
    rig = Rig()
    phone = Phone(rig)
    credentials = phone.authorize(challenge(phone), "REGISTER", URI, password="guess")
    stranger = Phone(rig, address=BOB)
    for _ in range(10):
        assert retry(stranger, credentials) == ["401 REGISTER"]
    assert rig.events() == []
    assert rig.stack.counts["suspects"] == 0


@pytest.mark.parametrize(
    "harm",
    [
        ("qop=auth, ", ""),
        ("nc=00000001", "nc=1"),
        ("nc=00000001", "nc=0000_001"),
        ('cnonce="c0"', 'cnonce=""'),
        ('uri="sip:pbx.test"', 'uri="sip:1002@pbx.test"'),
        ('username="1001"', 'username="1001'),
        ('realm="pbx.test"', 'realm="pbx.test", realm="x"'),
    ],
)
def test_malformed_credentials_get_400(harm: tuple[str, str]) -> None:
    phone = Phone(Rig())
    credentials = phone.authorize(challenge(phone), "REGISTER", URI)
    assert harm[0] in credentials
    # the parameter is judged as sent: a repeated or unbalanced one is no digest at all
    assert retry(phone, credentials.replace(*harm), "sip:1001@pbx.test" if "uri" in harm[0] else URI) == [
        "400 REGISTER"
    ]


@pytest.mark.parametrize(
    "credentials",
    [
        "Authorization: Basic MTAwMTpwdw==",
        'Authorization: Digest username="1001", realm="elsewhere", nonce="x", uri="sip:x", response="y"',
        'Authorization: Digest username="1001", realm="pbx.test", algorithm=MD5-sess, response="y"',
    ],
)
def test_credentials_of_another_kind_are_challenged_anew(credentials: str) -> None:
    assert retry(Phone(Rig()), credentials) == ["401 REGISTER"]


def test_a_digest_made_for_one_number_does_not_pay_for_a_call_to_another() -> None:
    rig = Rig()
    phone = Phone(rig)
    (offer,) = phone.say("INVITE", body=OFFER)
    paid = phone.authorize(offer, "INVITE", f"sip:1002@{DOMAIN}")
    answers = phone.say("INVITE", uri=f"sip:00900123@{DOMAIN}", body=OFFER, headers=[paid])
    assert labels(answers) == ["400 INVITE"]


def test_a_digest_whose_uri_has_no_user_is_taken_as_sipp_makes_it() -> None:
    rig = Rig()
    phone = Phone(rig)
    (offer,) = phone.say("INVITE", body=OFFER)
    paid = phone.authorize(offer, "INVITE", "sip:10.0.0.1:5060")
    assert labels(phone.say("INVITE", body=OFFER, headers=[paid])) == ["100 INVITE"]


def test_an_account_speaks_for_its_own_number_only() -> None:
    rig = Rig(office("1001", "1002"))
    thief = Phone(rig, "1002")
    (offer,) = thief.say("INVITE", body=OFFER)
    stolen = thief.authorize(offer, "INVITE", username="1001")
    assert labels(thief.say("INVITE", body=OFFER, headers=[stolen])) == ["403 INVITE"]
    uri = f"sip:{DOMAIN}"
    (offer,) = thief.say("REGISTER", uri=uri, to=f"sip:1001@{DOMAIN}")
    stolen = thief.authorize(offer, "REGISTER", uri, username="1001")
    assert labels(thief.say("REGISTER", uri=uri, to=f"sip:1001@{DOMAIN}", headers=[stolen])) == [
        "403 REGISTER"
    ]
    assert [type(event) for event in rig.events()] == [Rejected, Rejected]


def test_an_account_without_its_extension_registers_nowhere() -> None:
    orphan = Directory(DOMAIN, 1, {}, {"1001": account("1001")})
    rig = Rig(orphan)
    assert labels(Phone(rig).register("<sip:1001@10.0.0.11>")) == ["404 REGISTER"]
    assert rig.stack.registrar.all() == ()


def test_a_trunk_calls_without_a_digest_from_its_address_and_registers_nowhere() -> None:
    rig = Rig()
    trunk = Phone(rig, "00491234", TRUNK)
    assert labels(trunk.say("INVITE", body=OFFER)) == ["100 INVITE"]
    invited = rig.event(Invited)
    assert isinstance(invited.caller, Trunk)
    assert invited.caller.name == "trunk"
    assert labels(trunk.say("REGISTER", uri=URI, to=f"sip:1001@{DOMAIN}")) == ["401 REGISTER"]


def test_a_new_directory_counts_at_once() -> None:
    rig = Rig(office("1001"))
    phone = Phone(rig, "1003")
    rig.stack.use(office("1001", "1003", trunks=()), rig.now)
    assert labels(phone.register("<sip:1003@10.0.0.11>")) == ["200 REGISTER"]
    rig.event(Registered)
    assert labels(Phone(rig, "1", TRUNK).say("INVITE", body=OFFER)) == ["401 INVITE"]


def test_strangers_cost_no_memory() -> None:
    rig = Rig()
    for number in range(500):
        phone = Phone(rig, str(number))
        phone.say("REGISTER", uri=URI, to=f"sip:{number}@{DOMAIN}")
        phone.say("INVITE", body=OFFER)
        phone.say("OPTIONS")
    left = {name: count for name, count in rig.stack.counts.items() if count}
    assert left == {"purses": 1}  # what their one host may still cost
    assert rig.stack.deadline() is None


def test_so_many_guesses_at_once_that_no_more_may_wait_are_turned_away() -> None:
    rig = Rig(max_delayed=3)
    phones = [Phone(rig, str(number)) for number in range(5)]
    answers = []
    for phone in phones:
        (offer,) = phone.say("REGISTER", uri=URI, to=f"sip:{phone.number}@{DOMAIN}")
        wrong = phone.authorize(offer, "REGISTER", URI, password="guess")
        answers += labels(phone.say("REGISTER", uri=URI, to=f"sip:{phone.number}@{DOMAIN}", headers=[wrong]))
    assert answers == ["503 REGISTER", "503 REGISTER"]
    assert rig.stack.counts["delayed"] == 3
    rig.wait(1.0)
    assert rig.stack.counts["delayed"] == 0


def test_a_cancelled_wrong_guess_is_over_at_once() -> None:
    rig = Rig()
    phone = Phone(rig)
    (offer,) = phone.say("INVITE", body=OFFER)
    wrong = phone.authorize(offer, "INVITE", password="guess")
    assert phone.say("INVITE", body=OFFER, headers=[wrong]) == []
    assert labels(phone.say("CANCEL")) == ["200 CANCEL", "487 INVITE"]
    phone.say("ACK", branch=phone.branch)
    assert rig.wait(40.0) == []
    assert rig.stack.idle
