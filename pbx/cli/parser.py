"""The words of the command line, and what each of them means."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

Command = Callable[[argparse.Namespace], int | None]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence; argparse would print the whole usage as well."""
        print(f"{self.prog}: {message}; see: {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


class _Version(argparse.Action):
    def __init__(self, option_strings: list[str], dest: str, **_: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from pbx.server.options import installed_version

        print(f"Warden VoIP {installed_version()}", flush=True)
        raise SystemExit(0)


def make_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="warden", description="Warden VoIP, the office phone system.", allow_abbrev=False)
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, where: str, text: str) -> argparse.ArgumentParser:
        sentence = f"{text[0].upper()}{text[1:]}."
        each = commands.add_parser(name, help=text, description=sentence, allow_abbrev=False)
        each.add_argument("--data", type=Path, default=Path("data"), metavar="DIR", help="data (./data)")
        each.set_defaults(command=_later(where))
        return each

    _add_run(command("run", "pbx.cli.run:run", "run the phone system here, until Ctrl-C"))

    each = command("import", "pbx.cli.office:import_", "take up an office from a YAML file")
    each.add_argument("file", metavar="FILE", help="the YAML document, - for standard input")
    each.add_argument("--allow-weak", action="store_true", help="take phone passwords that are easy to guess")
    each.add_argument("--replace", action="store_true", help="delete what the document does not name")

    each = command("export", "pbx.cli.office:export", "print the office as YAML, without passwords")

    each = command("check", "pbx.cli.office:check", "tell what is wrong with a YAML file, or with the data")
    each.add_argument("file", metavar="FILE", nargs="?", help="the YAML document, - for standard input")
    each.add_argument("--allow-weak", action="store_true", help="take phone passwords that are easy to guess")

    each = command("admin", "pbx.cli.office:admin", "make an administrator, or give one a new password")
    each.add_argument("username", metavar="USERNAME", help="the password is read from standard input")

    _add_live(command)
    return parser


def _add_live(command: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    each = command("calls", "pbx.cli.live:calls", "list the calls that are up")
    each.add_argument("--json", action="store_true", help="one JSON object a line")

    each = command("hangup", "pbx.cli.live:hang_up", "end a call")
    each.add_argument("call", metavar="CALL", help="its name, as `warden calls` shows it")

    each = command("trunks", "pbx.cli.live:trunks", "tell how the lines to carriers are, as measured")
    each.add_argument("--json", action="store_true", help="one JSON object a line")

    each = command("bans", "pbx.cli.live:bans", "list who may not sign in, after wrong passwords")
    each.add_argument("--json", action="store_true", help="one JSON object a line")

    each = command("unban", "pbx.cli.live:unban", "end a ban")
    each.add_argument("address", metavar="ADDRESS", help="the phone's, as `warden bans` shows it")
    each.add_argument("account", metavar="ACCOUNT", nargs="?", default="", help="only of this account")

    each = command("trace", "pbx.cli.live:trace", "show SIP messages as they come and go, until Ctrl-C")
    each.add_argument("--number", default="", metavar="NUMBER", help="only those that name this number")

    command("status", "pbx.cli.live:status", "tell whether the phone system runs and is well")


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("--http", default="0.0.0.0:9000", metavar="HOST:PORT", help="console (%(default)s)")
    sip = "phones, UDP and TCP (%(default)s)"
    run.add_argument("--sip", default="0.0.0.0:5060", metavar="HOST:PORT", help=sip)
    run.add_argument("--tls", default="", metavar="HOST:PORT|off", help="SIP over TLS (next port)")
    run.add_argument("--wss", default="", metavar="HOST:PORT|off", help="SIP of browsers (the one after)")
    run.add_argument("--ws", default="off", metavar="HOST:PORT|off", help="the same unencrypted (off)")
    run.add_argument("--rtp", default="10000-20000", metavar="FIRST-LAST", help="audio ports (%(default)s)")
    run.add_argument("--hep", default="", metavar="HOST:PORT", help="send every SIP message to a Homer there")
    run.add_argument("--verbose", action="store_true", help="log more")


def _later(where: str) -> Command:
    """The function "module:name", imported when it is called."""
    module, _, name = where.partition(":")

    def command(options: argparse.Namespace) -> int | None:
        fn: Command = getattr(import_module(module), name)
        return fn(options)

    return command
