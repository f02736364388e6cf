"""Commands about the configuration: they work whether the phone system runs or not."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peewee import PeeweeException

from pbx.cli import client
from pbx.cli.errors import CommandError
from pbx.config import ConfigError, Office, dump_yaml, load_yaml, read
from pbx.net import control_messages as say
from pbx.store import Store, StoreError
from pbx.store.db import DATABASE

WHO = "command line"


def import_(options: argparse.Namespace) -> None:
    text = _text(options.file)
    _read(text, options)  # refused here already, before anything is asked of anybody
    office = client.office(options.data)
    if isinstance(office, Store):
        with _closing(office, options.data):
            imported = say.imported(office.import_office(_read(text, options), WHO, options.replace))
    else:
        request = say.Import(options.allow_weak, options.replace)
        answer = client.one(client.ask(office, request, *say.parts(text), say.Done()))
        assert isinstance(answer, say.Imported)
        imported = answer
    _print_change(imported)


def export(options: argparse.Namespace) -> None:
    _must_exist(options.data)
    office = client.office(options.data)
    if isinstance(office, Store):
        with _closing(office, options.data):
            print(dump_yaml(office.office()), end="")
        return
    for answer in client.ask(office, say.Export()):
        assert isinstance(answer, say.Text)
        print(answer.part, end="")


def check(options: argparse.Namespace) -> None:
    if options.file is not None:
        office = _read(_text(options.file), options)
        print(f"{options.file} is right: {_count(office)}.")
        return
    _must_exist(options.data)
    link = client.running(options.data)
    if link is not None:
        status = client.one(client.ask(link, say.Status()))
        assert isinstance(status, say.StatusReply)
        if status.troubles:
            raise CommandError(*status.troubles)
        print(f"The phone system on {options.data} runs and is well.")
        return
    store = client.office(options.data)
    assert isinstance(store, Store)
    with _closing(store, options.data):
        print(f"{options.data} is right: {_count(store.office())}.")


def admin(options: argparse.Namespace) -> None:
    password = _password()
    office = client.office(options.data)
    if isinstance(office, Store):
        from pbx.server.office import hash_password

        with _closing(office, options.data):
            office.add_admin(options.username, hash_password(password))
    else:
        for _ in client.ask(office, say.Admin(options.username, password)):
            pass
    print(f"{options.username} may now sign in to the console.")


@contextmanager
def _closing(store: Store, data: Path) -> Iterator[None]:
    """Closes the store afterwards and turns its refusals into the command's."""
    try:
        yield
    except ConfigError as error:
        raise CommandError(*map(str, error.problems)) from None
    except (StoreError, PeeweeException) as error:
        raise CommandError(f"{str(error).rstrip('.')}.") from None
    finally:
        store.close()
        client.give_back(data)


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CommandError(f"{name} is no text in UTF-8: save it as such.") from None


def _read(text: str, options: argparse.Namespace) -> Office:
    try:
        return read(load_yaml(text), options.allow_weak)
    except ConfigError as error:
        raise CommandError(*(f"{options.file}: {problem}" for problem in error.problems)) from None


def _must_exist(data: Path) -> None:
    try:
        found = (data / DATABASE).is_file()
    except PermissionError:
        raise client.not_ours(data) from None
    if not found:
        raise CommandError(f"There is no Warden data in {data}: give its folder with --data DIR.")


def _password() -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        password = getpass("Password: ")
        if getpass("Again: ") != password:
            raise CommandError("The two passwords differ: try again.")
        return password
    return sys.stdin.readline().rstrip("\r\n")


def _print_change(change: say.Imported) -> None:
    if change.revision is None:
        print("Nothing changed.")
        return
    done = {"Created": change.created, "Changed": change.updated, "Deleted": change.deleted}
    for verb, names in done.items():
        if names:
            print(f"{verb}: {', '.join(names)}.")
    for number, password in change.passwords.items():
        print(f"The phone of {number} has the password {password} (it is not shown again).")


def _count(office: Office) -> str:
    return f"{_many(len(office.extensions), 'extension')}, {_many(len(office.trunks), 'trunk')}"


def _many(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
