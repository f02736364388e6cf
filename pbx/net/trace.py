"""SIP messages as people may read them: without anything that would let the reader in."""

import re

_SECRET = re.compile(
    r"^([ \t]*(?:proxy-)?authorization[ \t]*:[ \t]*\w*)[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.I | re.M
)
_KEY = re.compile(r"^((?:a=crypto:\S+[ \t]+\S+|k=\w+:?)[ \t]*)[^\r\n]*", re.I | re.M)
_HIDDEN = r"\1 <hidden>"


def readable(data: bytes) -> str:
    """The message as text, credentials (RFC 3261 §22) and media keys (RFC 4568, RFC 4566 §5.12) hidden.

    Control characters but line ends and tabs are shown as escapes, for it goes to a terminal.
    """
    text = data.decode("utf-8", "backslashreplace")
    text = _KEY.sub(_HIDDEN, _SECRET.sub(_HIDDEN, text)).replace("\r\n", "\n")
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)


def mentions(data: bytes, number: str) -> bool:
    """Whether the message is to, from or about this number."""
    pattern = rb"(?:sips?|tel):" + re.escape(number.encode()) + rb"(?![\w.*#-])"
    return re.search(pattern, data, re.I) is not None
