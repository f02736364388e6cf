"""SIP messages as others may read them: without anything that would let the reader in."""

import re

_SECRET = re.compile(
    rb"^([ \t]*(?:proxy-)?authorization[ \t]*:[ \t]*\w*)[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.I | re.M
)
_KEY = re.compile(
    rb"^((?:a=crypto:\S+[ \t]+\S+|k=\w+:?)[ \t]*|signal[ \t]*=[ \t]*)[^\r\n]*", re.I | re.M
)
_DIGIT = re.compile(rb"^(?:content-type|c)[ \t]*:[ \t]*application/dtmf[ \t]*\r?$", re.I | re.M)
_BLANK = re.compile(rb"\n\r?\n")
_HIDDEN = rb"\1 <hidden>"


def masked(data: bytes) -> bytes:
    """The message with credentials (RFC 3261 §22), media keys (RFC 4568, RFC 4566 §5.12) and the keys that
    were pressed hidden: those may be a PIN."""
    data = _KEY.sub(_HIDDEN, _SECRET.sub(_HIDDEN, data))
    blank = _BLANK.search(data)
    if blank is None or blank.end() == len(data) or not _DIGIT.search(data, 0, blank.start() + 1):
        return data
    return data[: blank.end()] + b"<hidden>"


def readable(data: bytes) -> str:
    """The masked message as text.

    Control characters but line ends and tabs are shown as escapes, for it goes to a terminal.
    """
    text = masked(data).decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)


def mentions(data: bytes, number: str) -> bool:
    """Whether the message is to, from or about this number."""
    pattern = rb"(?:sips?|tel):" + re.escape(number.encode()) + rb"(?![\w.*#-])"
    return re.search(pattern, data, re.I) is not None
