"""The dashboard's files, read once at start: a request names an entry of a table, never a path on disk."""

import gzip
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import falcon

from pbx.api.problems import Problem

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_COMPRESSED_ALREADY = frozenset({".jpg", ".png", ".webp", ".woff2"})
_SMALLEST_TO_COMPRESS = 1024

_HASHED = "/assets/"
"""The bundler names these after their content: a changed file has another name."""

_MISSING = """\
The console has not been built.
Run `make` in Warden's source folder, or install a released package, and start Warden again.
The API is at /api.
"""


class File(NamedTuple):
    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str
    cache: str


class Dashboard:
    """A Falcon sink for everything that is not a route."""

    def __init__(self, folder: Path | None) -> None:
        self._files = _load(folder) if folder is not None and folder.is_dir() else {}
        self._index = self._files.get("/index.html")

    def __call__(self, req: falcon.Request, resp: falcon.Response, **kwargs: Any) -> None:
        if req.path == "/api" or req.path.startswith("/api/"):
            raise Problem(404, "The API has no such address.")
        if req.method not in ("GET", "HEAD"):
            raise Problem(405, "Files can only be read.", headers={"Allow": "GET, HEAD"})
        file = self._files.get(req.path) or self._page(req.path)
        if file is None and self._index is None:
            resp.status = falcon.HTTP_404
            resp.content_type, resp.text = "text/plain; charset=utf-8", _MISSING
        elif file is None:
            raise Problem(404, "There is no such file.")
        else:
            _send(file, req, resp)

    def _page(self, path: str) -> File | None:
        """The console's pages have addresses of their own; the one document shows them all."""
        return self._index if "." not in path.rpartition("/")[2] else None


def _send(file: File, request: falcon.Request, response: falcon.Response) -> None:
    response.set_header("Cache-Control", file.cache)
    response.set_header("ETag", file.etag)
    if file.compressed is not None:
        response.set_header("Vary", "Accept-Encoding")
    known = request.get_header("If-None-Match") or ""
    if file.etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        response.status = falcon.HTTP_304
        return
    response.content_type = file.media_type
    if file.compressed is not None and _takes_gzip(request):
        response.set_header("Content-Encoding", "gzip")
        response.data = file.compressed
    else:
        response.data = file.content


def _takes_gzip(request: falcon.Request) -> bool:
    offered = (request.get_header("Accept-Encoding") or "").lower().split(",")
    return any(one.strip() == "gzip" or one.strip().startswith("gzip;q=1") for one in offered)


def _load(folder: Path) -> dict[str, File]:
    """Every file of a known kind below `folder`, by the path it is asked for; hidden ones are left out."""
    files = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and path.suffix in _TYPES and not any(part.startswith(".") for part in parts):
            address = "/" + "/".join(parts)
            files[address] = _file(path, address)
    return files


def _file(path: Path, address: str) -> File:
    content = path.read_bytes()
    worth_it = len(content) >= _SMALLEST_TO_COMPRESS and path.suffix not in _COMPRESSED_ALREADY
    return File(
        content=content,
        compressed=gzip.compress(content, mtime=0) if worth_it else None,
        media_type=_TYPES[path.suffix],
        etag=f'"{hashlib.sha256(content).hexdigest()[:20]}"',
        cache="public, max-age=31536000, immutable" if address.startswith(_HASHED) else "no-cache",
    )
