"""The torture messages of RFC 4475 and RFC 5118, as files (see tests/data/torture)."""

from pathlib import Path

HERE = Path(__file__).parent.parent / "data" / "torture"
FILES = {path.name: path.read_bytes() for path in sorted(HERE.glob("rfc*/*"))}


def on_the_wire(name: str) -> bytes:
    """The datagram of a file.

    Those of RFC 5118 have bare line feeds, two have no empty line, and their Content-Length fits neither.
    """
    data = FILES[name]
    if name.endswith(".dat"):
        return data
    head, _, body = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if line and not line.startswith(b"Content-Length")]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])
