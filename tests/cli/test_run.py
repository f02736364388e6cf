"""What `warden run` takes, and what it says when it is up."""

from pathlib import Path

import pytest

from pbx.cli.banner import lines
from pbx.cli.errors import CommandError
from pbx.cli.parser import make_parser
from pbx.cli.run import read_options
from pbx.server.options import Options, Started
from pbx.sip.flow import Address


def read(*words: str) -> Options:
    return read_options(make_parser().parse_args(["run", *words]))


def started(http: str = "127.0.0.1", code: str | None = "AAAA-BBBB", extensions: int = 0) -> Started:
    options = Options(Path("/data"), Address(http, 9000), Address("127.0.0.20", 5070), 10000, 20000)
    return Started(options, code, "127.0.0.20", extensions, True)


def test_addresses_ports_and_folder_are_taken() -> None:
    words = "--http 127.0.0.20:9001 --sip 127.0.0.20:5061 --rtp 20000-20999 --data x"
    options = read(*words.split())
    assert options == Options(
        *(Path("x").absolute(), Address("127.0.0.20", 9001), Address("127.0.0.20", 5061), 20000, 20999),
        *(Address("127.0.0.20", 5062), Address("127.0.0.20", 5063)),
    )


def test_tls_and_websockets_are_beside_sip_elsewhere_or_off() -> None:
    options = read("--sip", "[::]:5060", "--tls", "off", "--wss", "127.0.0.1:443", "--ws", "127.0.0.1:80")
    assert options.sip == Address("::", 5060)
    assert options.tls is None
    assert (options.wss, options.ws) == (Address("127.0.0.1", 443), Address("127.0.0.1", 80))


def test_messages_go_to_a_homer_only_when_asked_for() -> None:
    assert read().hep is None
    assert read("--hep", "192.0.2.9:9060").hep == Address("192.0.2.9", 9060)


def test_an_odd_first_audio_port_is_left_out() -> None:
    assert read("--rtp", "20001-20999").rtp_first == 20002


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--sip", "phones:5060"], "--sip: 'phones:5060' is not an IP address with a port"),
        (["--http", "127.0.0.1"], "--http: '127.0.0.1' is not"),
        (["--rtp", "20000"], "--rtp: '20000' is not a range"),
        (["--rtp", "20000-20002"], "is not a range"),
        (["--rtp", "80-2000"], "is not a range"),
        (["--rtp", "20000-70000"], "is not a range"),
        (["--rtp", "5000-6000"], "lies among the audio ports"),
        (["--tls", "on"], "--tls: 'on' is not"),
        (["--hep", "homer"], "--hep: 'homer' is not an IP address with a port"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(words: list[str], says: str) -> None:
    with pytest.raises(CommandError) as refusal:
        read(*words)
    (line,) = refusal.value.lines
    assert says in line
    assert line.endswith(".")


def test_a_wrong_word_is_named_without_a_page_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        make_parser().parse_args(["run", "--sipp", "x"])
    assert end.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_new_office_says_how_to_claim_it_and_how_to_make_phones() -> None:
    text = "\n".join(lines(started()))
    assert "http://127.0.0.1:9000/" in text
    assert "AAAA-BBBB" in text
    assert "server 127.0.0.20, port 5070" in text
    assert "no extension yet" in text


def test_a_claimed_office_with_phones_says_less() -> None:
    text = "\n".join(lines(started(code=None, extensions=2)))
    assert "code" not in text
    assert "no extension yet" not in text


def test_a_console_on_every_address_lists_addresses_that_people_can_use() -> None:
    text = "\n".join(lines(started(http="0.0.0.0")))
    assert "0.0.0.0" not in text
    assert "http://" in text
