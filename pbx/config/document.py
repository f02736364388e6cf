"""The office as YAML text: read without trusting it, written so that it can be imported again.

Less than YAML 1.1 is taken, because its corners surprise people: no aliases (a few lines of them unfold to
gigabytes), no tags, no merge keys, one document; `no` and `12:30` are text; a number with a leading zero must
be quoted.
"""

import re
from typing import Any, NoReturn

import yaml

from pbx.config.office import ExtensionConfig, Office
from pbx.config.problems import ConfigError, Problem
from pbx.config.trunks import plain_route, plain_trunk

MAX_BYTES = 4 * 2**20
MAX_DEPTH = 16

_NO_PASSWORDS = """\
# Phone passwords are not exported.  When this is imported, an extension that is there keeps its password,
# and a new one gets a password that the import prints.
"""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+\Z")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "false": False,
          "True": True, "False": False, "TRUE": True, "FALSE": False}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def load_yaml(text: str | bytes) -> object:
    """The document as dicts, lists, strings, integers, truth values and None.

    Raises ConfigError naming the line.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        raise ConfigError([Problem("", f"the document is larger than {MAX_BYTES // 2**20} MiB")])
    builder = _Builder()
    try:
        # Events, not nodes: the parser needs no stack of ours, so nesting cannot exhaust it before we refuse.
        for event in yaml.parse(data, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _refuse(mark, f"is not YAML: {error.problem or error.context}")
    except (yaml.YAMLError, UnicodeError):
        message = "the document is not UTF-8 text, or has control characters"
        raise ConfigError([Problem("", message)]) from None
    return builder.document


def dump_yaml(office: Office) -> str:
    """YAML that `read(load_yaml(...))` takes.  Passwords are left out unless the office holds them."""
    text: str = yaml.dump(plain(office), Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=110)
    passwords = [e.password for e in office.extensions] + [t.password for t in office.trunks]
    with_passwords = any(passwords)
    return text if with_passwords else _NO_PASSWORDS + text


def plain(office: Office) -> dict[str, Any]:
    """The office as dicts and lists, the form that `read` takes."""
    document: dict[str, Any] = {}
    if office.site:
        document["site"] = {"domain": office.site.domain, "name": office.site.name}
    document["extensions"] = [_plain_extension(extension) for extension in office.extensions]
    document["trunks"] = [plain_trunk(trunk) for trunk in office.trunks]
    if office.routes:
        document["routes"] = [plain_route(route) for route in office.routes]
    return document


def _plain_extension(extension: ExtensionConfig) -> dict[str, str]:
    fields = {"number": extension.number, "name": extension.name}
    if extension.outside:
        fields["outside"] = extension.outside
    return fields if extension.password is None else fields | {"password": extension.password}


class _Builder:
    """Builds the value from parser events, with a stack of open lists and mappings."""

    def __init__(self) -> None:
        self.document: object = None
        self._documents = 0
        self._open: list[tuple[list[object] | dict[object, object], list[object]]] = []

    def take(self, event: yaml.Event) -> None:
        self._refuse_unwanted(event)
        match event:
            case yaml.ScalarEvent():
                self._put(_scalar(event), event)
            case yaml.SequenceStartEvent():
                self._enter([], event)
            case yaml.MappingStartEvent():
                self._enter({}, event)
            case yaml.CollectionEndEvent():
                self._open.pop()

    def _refuse_unwanted(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            _refuse(event.start_mark, f"*{event.anchor} is an alias; write the value out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            _refuse(event.start_mark, f"{tag} is a tag; tags are not taken")
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                _refuse(event.start_mark, "a second document begins; wanted one")

    def _enter(self, container: list[object] | dict[object, object], event: yaml.Event) -> None:
        if len(self._open) >= MAX_DEPTH:
            _refuse(event.start_mark, f"is nested deeper than {MAX_DEPTH}")
        self._put(container, event)
        self._open.append((container, []))

    def _put(self, value: object, event: yaml.Event) -> None:
        if not self._open:
            self.document = value
            return
        container, key = self._open[-1]
        if isinstance(container, list):
            container.append(value)
        elif key:
            container[key.pop()] = value
        elif isinstance(value, list | dict):
            _refuse(event.start_mark, "a key must be a word")
        elif value in container:
            _refuse(event.start_mark, f"the key {ascii(value)[:60]} is there already")
        else:
            container[value] = None
            key.append(value)


def _scalar(event: yaml.ScalarEvent) -> object:
    value: str = event.value
    if not event.implicit[0]:
        return value
    if value in _WORDS:
        return _WORDS[value]
    if _LEADING_ZERO.match(value):
        number = value[:40]
        _refuse(event.start_mark, f'{number} may be read in several ways; put it in quotes: "{number}"')
    return int(value) if _INTEGER.match(value) else value


def _refuse(mark: Any, message: str) -> NoReturn:
    raise ConfigError([Problem(f"line {mark.line + 1}" if mark else "", message)])
