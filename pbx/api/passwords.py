"""Passwords of the people who sign in to the console: bcrypt, always on a native thread.

Both functions take about a quarter of a second of CPU: call them through `Offload.cpu`, never on the hub.
"""

import bcrypt

ROUNDS = 12
LONGEST = 72
"""bcrypt reads no more bytes than this (of UTF-8); longer passwords are refused when they are set."""

DECOY = f"$2b${ROUNDS}$" + "." * 53
"""A hash that no known password fits (all zeros): checked for unknown users, who then cost what others do."""


def hashed(password: str) -> str:
    """The bcrypt hash to keep.  Raises ValueError above `LONGEST` bytes."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode("ascii")


def matches(password: str, password_hash: str) -> bool:
    """Constant time for one hash.  An over-long password costs the same and never matches."""
    typed = password.encode()
    return bcrypt.checkpw(typed[:LONGEST], password_hash.encode("ascii")) and len(typed) <= LONGEST
