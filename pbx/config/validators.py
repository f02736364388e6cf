"""What a single value may be: shared by the document, the HTTP API and the command line.

Each takes what it was given and returns the value to keep, or raises ValueError saying what is wrong and what
is wanted.  None of them repeats a secret.
"""

import re
from ipaddress import ip_address, ip_network

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,31}\Z")


def text(value: object) -> str:
    """Any string.  Numbers and truth values are refused, as YAML makes them of unquoted words."""
    if isinstance(value, str):
        return value
    if value is None:
        raise ValueError("is empty; wanted text")
    if isinstance(value, bool | int | float):
        raise ValueError("must be text; put it in quotes")
    raise ValueError("must be text")


def _digits_of(value: object) -> str:
    """Text; YAML makes an integer of unquoted digits, which has lost nothing (`load_yaml` sees to that)."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)


def number(value: object) -> str:
    """An extension's number: 2 to 6 digits.  An integer is taken as its digits."""
    digits = _digits_of(value)
    if digits.startswith("*"):
        raise ValueError(f"{_shown(digits)} is a code, which are the system's; wanted 2 to 6 digits")
    if not (2 <= len(digits) <= 6 and digits.isascii() and digits.isdigit()):
        raise ValueError(f"{_shown(digits)} is not a number to dial; wanted 2 to 6 digits, like '1001'")
    return digits


def name(value: object) -> str:
    """A display name: 1 to 64 printable characters; spaces around it are dropped."""
    words = text(value).strip(" ")
    if not words:
        raise ValueError("is empty; wanted 1 to 64 characters")
    if len(words) > 64:
        raise ValueError(f"is {len(words)} characters long; wanted 1 to 64")
    if not words.isprintable():
        raise ValueError("has a control character (line break, tab …); wanted 1 to 64 printable characters")
    return words


def domain(value: object) -> str:
    """The SIP domain: a host name (RFC 1123) in lower case, or an IP address."""
    host = text(value).strip().lower().rstrip(".")
    try:
        return str(ip_address(host))
    except ValueError:
        labels = host.split(".")
    if len(host) > 253 or labels[-1].isdigit() or not all(map(_LABEL.match, labels)):
        raise ValueError(f"{_shown(host)} is not a host name or an IP address; wanted one, like 192.0.2.10")
    return host


def address(value: object) -> str:
    """One IP address."""
    host = text(value).strip()
    try:
        return str(ip_address(host))
    except ValueError:
        raise ValueError(f"{_shown(host)} is not an IP address; wanted one, like 192.0.2.10") from None


def network(value: object) -> str:
    """One IP address or a network: "198.51.100.0/24"."""
    words = text(value).strip()
    try:
        found = ip_network(words, strict=False)
    except ValueError:
        raise ValueError(f"{_shown(words)} is no IP address or network, like 198.51.100.0/24") from None
    if found.prefixlen < 8:
        raise ValueError(f"{_shown(words)} is half the world: calls from there would need no password")
    return str(found)


def place(value: object) -> str:
    """A host name or IP address, perhaps with a port: "sip.example.org:5080", "[2001:db8::1]:5060"."""
    words = text(value).strip()
    try:
        return address(words)
    except ValueError:
        host, colon, port = words.rpartition(":")
    if not colon:
        return domain(words)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{_shown(words)} has no proper port; wanted one like sip.example.org:5060")
    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    return f"[{address(inner)}]:{int(port)}" if ":" in inner else f"{domain(inner)}:{int(port)}"


def account(value: object) -> str:
    """A user name that a carrier gave: 1 to 64 printable ASCII characters without spaces."""
    words = _digits_of(value)
    if not 1 <= len(words) <= 64 or not words.isascii() or not words.isprintable() or " " in words:
        raise ValueError(f"{_shown(words)} is not a user name; wanted up to 64 letters, digits and signs")
    return words


def outside_number(value: object) -> str:
    """A number of the telephone network: 1 to 20 digits, perhaps with a + before them."""
    words = _digits_of(value).strip()
    digits = words.removeprefix("+")
    if not (1 <= len(digits) <= 20 and digits.isascii() and digits.isdigit()):
        raise ValueError(f"{_shown(words)} is not a telephone number; wanted digits, perhaps after a +")
    return words


def phone_password(value: object) -> str:
    """A password that a phone can hold: up to 128 printable ASCII characters.  An integer is taken as its
    digits.  Whether it is any good, `weakness` says."""
    secret = _digits_of(value)
    if not 1 <= len(secret) <= 128:
        raise ValueError(f"is {len(secret)} characters long; wanted 12 to 128")
    if not (secret.isascii() and secret.isprintable()) or secret != secret.strip():
        raise ValueError("has a character that phones spell differently; wanted plain letters, digits, signs")
    return secret


def weakness(secret: str, number: str, name: str) -> str | None:
    """Why a phone's password is too easy to guess, None if it is good."""
    if len(secret) < 12:
        return f"is too short ({len(secret)} characters); wanted at least 12"
    lower = rest = secret.lower()
    for word in (number, *name.lower().split()):
        rest = rest.replace(word, "") if len(word) >= 3 else rest  # shorter ones are in any text by chance
    if len(rest) < 8:
        return "is little more than the number or the name; wanted what cannot be guessed from them"
    if len(set(lower)) < 6:
        return "repeats few characters; wanted at least 6 different ones"
    kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    if len(secret) < 20 and sum(any(map(kind, secret)) for kind in kinds) < 3:
        return "is too plain; wanted three of small letters, capitals, digits and signs, or 20 characters"
    return None


def username(value: object) -> str:
    """Who signs in to the console: 1 to 32 small letters, digits and . _ @ -"""
    who = text(value).strip().lower()
    if not _USERNAME.match(who):
        raise ValueError("wanted 1 to 32 letters, digits or . _ @ -, starting with a letter or digit")
    return who


def console_password(value: object) -> str:
    """A console password: at least 10 characters and at most 72 bytes (bcrypt reads no more)."""
    secret = text(value)
    try:
        size = len(secret.encode())
    except UnicodeEncodeError:
        raise ValueError("has a broken character; wanted text in UTF-8") from None
    if len(secret) < 10:
        raise ValueError(f"is too short ({len(secret)} characters); wanted at least 10")
    if size > 72:
        raise ValueError("is too long; wanted at most 72 bytes")
    if "\0" in secret or len(set(secret)) < 5:
        raise ValueError("is too easy to guess; wanted at least 5 different characters")
    return secret


def _shown(value: str) -> str:
    """The refused value, short and on one line."""
    return repr(value if len(value) <= 40 else value[:37] + "…")
