"""Dataclasses to JSON and back, typed by their annotations: one object a message, `{"type": "Want", …}`.

Reading is strict: an unknown type or field, a missing field or a value of the wrong kind is a `WireError`
that names the place.  Understood annotations: str, int, float, bool, None, `object` (any JSON), tuple, dict
with str keys, `X | None`, dataclasses, named tuples (as arrays), and unions of dataclasses (as objects with
"type").  Readers and writers are compiled once per class.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints, overload

T = TypeVar("T")
Reader = Callable[[Any], Any]
Writer = Callable[[Any], Any]

_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null",
          list: "an array", dict: "an object"}


class WireError(ValueError):
    """A message that breaks the protocol: `path` is where ("Want.legs[1].local"), `problem` is what."""

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(problem, path)
        self.problem = problem
        self.path = path

    def __str__(self) -> str:
        return f"{self.path.removeprefix('.')}: {self.problem}" if self.path else self.problem

    def inside(self, step: str) -> "WireError":
        """The same problem, seen from one level further out."""
        return WireError(self.problem, step + self.path)


def encode(message: Any) -> bytes:
    """One dataclass as UTF-8 JSON.  NaN and infinity raise ValueError: JSON has none."""
    return _ENCODER.encode(_write_tagged(message)).encode("ascii")


@overload
def decode(data: bytes, kinds: type[T]) -> T: ...
@overload
def decode(data: bytes, kinds: UnionType) -> Any: ...
def decode(data: bytes, kinds: Any) -> Any:
    """One of the dataclasses `kinds` (a class or a union of classes); raises WireError."""
    try:
        document = _DECODER.decode(data.decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from None
    return _reader_of_any(kinds)(document)


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def _is_dataclass(hint: Any) -> bool:
    return is_dataclass(hint)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


# --- reading ------------------------------------------------------------------------------------------------


@cache
def _reader_of_any(kinds: Any) -> Reader:
    """Reads a tagged object: the value of "type" chooses the class."""
    members = get_args(kinds) if isinstance(kinds, UnionType) or get_origin(kinds) is Union else (kinds,)
    readers = {member.__name__: _reader_of_dataclass(member) for member in members}

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise _wrong("an object", value)
        kind = value.pop("type", None)
        reader = readers.get(kind) if type(kind) is str else None
        if reader is None:
            raise WireError(f"wanted one of {', '.join(sorted(readers))}, got {kind!r:.60}", ".type")
        try:
            return reader(value)
        except WireError as error:
            raise error.inside(f"{kind}") from None

    return read


@cache
def _reader_of_dataclass(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind) if field.init}
    needed = frozenset(
        field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING
    )

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise _wrong("an object", value)
        values = {}
        for name, item in value.items():
            reader = readers.get(name)
            if reader is None:
                raise WireError("no such field", f".{name:.60}")
            try:
                values[name] = reader(item)
            except WireError as error:
                raise error.inside(f".{name}") from None
        if not needed <= values.keys():
            raise WireError("missing", f".{min(needed - values.keys())}")
        return kind(**values)

    return read


def _reader(hint: Any) -> Reader:
    origin = get_origin(hint)
    if origin is tuple:
        return _reader_of_tuple(get_args(hint))
    if origin in (dict, Mapping):
        return _reader_of_mapping(get_args(hint))
    if origin in (UnionType, Union):
        return _reader_of_union(get_args(hint))
    if hint in (object, Any):
        return _as_it_is
    if _is_dataclass(hint):
        return _reader_of_dataclass(hint)
    if hasattr(hint, "_fields"):
        return _reader_of_named_tuple(hint)
    if hint is float:
        return _read_float
    if hint in _NAMES:
        return _reader_of_plain(hint)
    raise TypeError(f"the wire has no form for {hint!r}")


def _reader_of_plain(kind: type) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not kind:  # exact: True is no int here
            raise _wrong(_NAMES[kind], value)
        return value

    return read


def _read_float(value: Any) -> float:
    if type(value) is int:
        value = float(value) if abs(value) < 2**53 else math.inf
    if type(value) is not float or not math.isfinite(value):  # 1e999 is read as infinity
        raise _wrong("a number", value)
    return value


def _reader_of_tuple(hints: tuple[Any, ...]) -> Reader:
    if len(hints) == 2 and hints[1] is ...:
        return _reader_of_items(_reader(hints[0]))
    return _reader_of_row(tuple(_reader(hint) for hint in hints), tuple)


def _reader_of_items(reader: Reader) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not list:
            raise _wrong("an array", value)
        items = []
        for index, item in enumerate(value):
            try:
                items.append(reader(item))
            except WireError as error:
                raise error.inside(f"[{index}]") from None
        return tuple(items)

    return read


def _reader_of_row(readers: tuple[Reader, ...], make: Callable[[list[Any]], Any]) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not list or len(value) != len(readers):
            raise _wrong(f"an array of {len(readers)}", value)
        items = []
        for reader, item in zip(readers, value, strict=True):
            try:
                items.append(reader(item))
            except WireError as error:
                raise error.inside(f"[{len(items)}]") from None
        return make(items)

    return read


def _reader_of_named_tuple(kind: Any) -> Reader:
    hints = get_type_hints(kind)
    return _reader_of_row(tuple(_reader(hints[name]) for name in kind._fields), kind._make)


def _reader_of_mapping(hints: tuple[Any, ...]) -> Reader:
    if hints[0] is not str:
        raise TypeError("JSON keys are text")
    reader = _reader(hints[1])

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise _wrong("an object", value)
        values = {}
        for name, item in value.items():
            try:
                values[name] = reader(item)
            except WireError as error:
                raise error.inside(f"[{name!r:.60}]") from None
        return values

    return read


def _reader_of_union(hints: tuple[Any, ...]) -> Reader:
    """`X | None` or a union of dataclasses (or both); other unions would have to guess."""
    rest = tuple(hint for hint in hints if hint is not NoneType)
    if len(rest) == 1:
        reader = _reader(rest[0])
    elif all(map(_is_dataclass, rest)):
        reader = _reader_of_any(Union[rest])  # noqa: UP007 - built at run time
    else:
        raise TypeError(f"the wire has no form for a union of {rest}")
    if len(rest) == len(hints):
        return reader
    return lambda value: None if value is None else reader(value)


def _as_it_is(value: Any) -> Any:
    return value


def _wrong(wanted: str, value: Any) -> WireError:
    got = f"an array of {len(value)}" if type(value) is list else _NAMES.get(type(value), "something else")
    return WireError(f"wanted {wanted}, got {got}")


# --- writing ------------------------------------------------------------------------------------------------


@cache
def _tagged(kind: Any) -> Writer:
    write, name = _writer_of_dataclass(kind), kind.__name__
    return lambda message: {"type": name, **write(message)}


@cache
def _writer_of_dataclass(kind: Any) -> Writer:
    hints = get_type_hints(kind)
    names = tuple(field.name for field in fields(kind) if field.init)
    slow = {name: writer for name in names if (writer := _writer(hints[name])) is not None}
    getters = tuple((name, attrgetter(name)) for name in names)
    # Left out, so that a field that is new is nothing to a process of the version before, unless it is used.
    optional = tuple(field.name for field in fields(kind) if field.init and field.default is None)

    def write(message: Any) -> dict[str, Any]:
        document = {name: get(message) for name, get in getters}
        for name in optional:
            if document[name] is None:
                del document[name]
        for name, writer in slow.items():
            if name in document:
                document[name] = writer(document[name])
        return document

    return write


def _writer(hint: Any) -> Writer | None:
    """None: the json module writes it as it is (text, numbers, and tuples of them)."""
    if _is_dataclass(hint):
        return _writer_of_dataclass(hint)
    origin, hints = get_origin(hint), get_args(hint)
    if origin in (UnionType, Union):
        return _writer_of_union(tuple(one for one in hints if one is not NoneType))
    if origin in (dict, Mapping):
        return _writer_of_mapping(_writer(hints[1]))
    if origin is tuple and hints[1:] == (...,):
        return _writer_of_items(_writer(hints[0]))
    if hasattr(hint, "_fields"):
        hints = tuple(get_type_hints(hint)[name] for name in hint._fields)
    return _writer_of_row(tuple(_writer(one) for one in hints))


def _writer_of_union(rest: tuple[Any, ...]) -> Writer | None:
    if len(rest) > 1:
        return _write_tagged
    write = _writer(rest[0])
    return None if write is None else lambda value: None if value is None else write(value)


def _write_tagged(value: Any) -> Any:
    kind: Any = type(value)
    return None if value is None else _tagged(kind)(value)


def _writer_of_mapping(write: Writer | None) -> Writer | None:
    return None if write is None else lambda value: {name: write(one) for name, one in value.items()}


def _writer_of_items(write: Writer | None) -> Writer | None:
    return None if write is None else lambda value: [write(one) for one in value]


def _writer_of_row(writers: tuple[Writer | None, ...]) -> Writer | None:
    if not any(writers):
        return None
    return lambda row: [write(one) if write else one for write, one in zip(writers, row, strict=True)]
