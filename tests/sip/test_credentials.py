"""Our answers to digest challenges: RFC 7616's and RFC 8760's rules, and when not to answer."""

import random
from hashlib import md5, sha256

import pytest

from pbx.sip.credentials import UNKNOWN, WRONG, Login
from pbx.sip.headers import Auth
from pbx.sip.message import Request, Response, build_request, build_response

HEAD = [("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"), ("From", "<sip:a@b>;tag=1"), ("To", "<sip:a@b>"),
        ("Call-ID", "c"), ("CSeq", "1 REGISTER")]  # fmt: skip


def request(*credentials: tuple[str, str]) -> Request:
    return build_request("REGISTER", "sip:carrier.test", [*HEAD, *credentials])


def refusal(asked: Request, *challenges: str, status: int = 401) -> Response:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return build_response(asked, status, None, [(name, text) for text in challenges])


def login() -> Login:
    return Login("anna", "geheim", random.Random(1))


def digest(auth: Auth, method: str = "REGISTER", password: str = "geheim") -> str:
    def h(text: str) -> str:
        return (sha256 if auth.get("algorithm") == "SHA-256" else md5)(text.encode()).hexdigest()

    ha1, ha2 = h(f"anna:{auth.get('realm')}:{password}"), h(f"{method}:{auth.get('uri')}")
    middle = f"{auth.get('nonce')}:{auth.get('nc')}:{auth.get('cnonce')}:auth"
    return h(f"{ha1}:{middle if auth.get('qop') else auth.get('nonce')}:{ha2}")


def test_the_strongest_challenge_that_we_know_is_answered() -> None:
    asked, me = request(), login()
    ((name, value),) = me.answer(
        asked,
        refusal(
            asked,
            'Digest realm="r", nonce="1", algorithm=MD5, qop="auth"',
            'Digest realm="r", nonce="2", algorithm=SHA-512-256, qop="auth"',
            'Digest realm="r", nonce="3", algorithm=SHA-256, qop="auth-int,auth", opaque="o"',
            'Basic realm="r"',
        ),
    )
    auth = Auth.parse(value)
    assert name == "Authorization"
    assert (auth.get("nonce"), auth.get("opaque"), auth.get("nc")) == ("3", "o", "00000001")
    assert auth.get("response") == digest(auth)


def test_without_qop_as_old_servers_want_it() -> None:
    asked, me = request(), login()
    ((_, value),) = me.answer(asked, refusal(asked, 'Digest realm="r", nonce="1"'))
    auth = Auth.parse(value)
    assert not auth.get("nc")
    assert auth.get("response") == digest(auth)
    assert me.ahead("REGISTER", "sip:carrier.test") == []


def test_a_nonce_serves_again_with_the_next_count_and_another_cnonce() -> None:
    asked, me = request(), login()
    ((_, first),) = me.answer(asked, refusal(asked, 'Digest realm="r", nonce="1", qop="auth"'))
    ((_, second),) = me.ahead("INVITE", "sip:1@carrier.test")
    one, two = Auth.parse(first), Auth.parse(second)
    assert (two.get("nc"), two.get("uri")) == ("00000002", "sip:1@carrier.test")
    assert two.get("cnonce") != one.get("cnonce")
    assert two.get("response") == digest(two, "INVITE")


def test_a_stale_nonce_is_replaced_and_a_wrong_password_is_not_tried_again() -> None:
    asked, me = request(), login()
    credentials = me.answer(asked, refusal(asked, 'Digest realm="r", nonce="1", qop="auth"'))
    again = request(*credentials)
    assert me.answer(again, refusal(again, 'Digest realm="r", nonce="2", stale=TRUE, qop="auth"'))
    assert me.answer(again, refusal(again, 'Digest realm="r", nonce="3", qop="auth"')) == []
    assert me.why == WRONG
    assert me.ahead("REGISTER", "sip:carrier.test") == []


def test_an_old_nonce_may_be_refused_without_the_word_stale() -> None:
    asked, me = request(), login()
    me.answer(asked, refusal(asked, 'Digest realm="r", nonce="1", qop="auth"'))
    later = request(*me.ahead("REGISTER", "sip:carrier.test"))
    assert me.answer(later, refusal(later, 'Digest realm="r", nonce="2", qop="auth"'))


@pytest.mark.parametrize("stale", ["", "stale=true, "])
def test_the_same_nonce_is_never_answered_twice_after_a_refusal(stale: str) -> None:
    asked, me = request(), login()
    challenge = f'Digest realm="r", nonce="1", {stale}qop="auth"'
    again = request(*me.answer(asked, refusal(asked, challenge)))
    assert me.answer(again, refusal(again, challenge)) == []


def test_a_proxy_and_a_server_both_get_what_they_asked_for() -> None:
    asked, me = request(), login()
    first = me.answer(asked, refusal(asked, 'Digest realm="p", nonce="1", qop="auth"', status=407))
    assert [name for name, _ in first] == ["Proxy-Authorization"]
    again = request(*first)
    both = me.answer(again, refusal(again, 'Digest realm="s", nonce="2", qop="auth"'))
    assert [(name, Auth.parse(value).get("nc")) for name, value in both] == [
        ("Proxy-Authorization", "00000002"),
        ("Authorization", "00000001"),
    ]


def test_what_we_cannot_answer_is_said_so() -> None:
    asked, me = request(), login()
    challenges = ('Digest realm="r", nonce="1", qop="auth-int"', 'Digest realm="r", nonce="", qop="auth"',
                  'Digest realm="r" nonce', 'Digest realm="\\\0", nonce="1", qop="auth"')  # fmt: skip
    assert me.answer(asked, refusal(asked, *challenges)) == []
    assert me.why == UNKNOWN


def test_many_realms_do_not_fill_the_memory() -> None:
    asked, me = request(), login()
    for number in range(50):
        me.answer(asked, refusal(asked, f'Digest realm="r{number}", nonce="1", qop="auth"'))
    assert len(me.ahead("REGISTER", "sip:x")) == 8


def test_the_password_is_in_no_representation() -> None:
    assert "geheim" not in repr(login())
