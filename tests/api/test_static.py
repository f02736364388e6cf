"""The dashboard's files."""

import gzip
from pathlib import Path

import pytest

from pbx.store import Store
from tests.api.conftest import Api, Clock

SCRIPT = "console.log('hello');\n" * 100


@pytest.fixture
def site(tmp_path: Path, store: Store, clock: Clock) -> Api:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Warden</title>")
    (folder / "assets" / "index-4f2a.js").write_text(SCRIPT)
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / ".htpasswd.txt").write_text("secret")
    (folder / "notes.py").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    return Api(store, clock, folder)


@pytest.mark.parametrize("path", ["/", "/index.html", "/extensions", "/records/c-1", "/sign-in"])
def test_every_page_of_the_console_is_the_one_document_asked_for_anew_each_time(site: Api, path: str) -> None:
    result = site.anonymous("GET", path)
    assert result.status_code == 200
    assert result.headers["content-type"] == "text/html; charset=utf-8"
    assert result.headers["cache-control"] == "no-cache"
    assert "<title>Warden</title>" in result.text


def test_hashed_files_are_kept_for_good(site: Api) -> None:
    result = site.anonymous("GET", "/assets/index-4f2a.js")
    assert result.text == SCRIPT
    assert result.headers["content-type"] == "text/javascript; charset=utf-8"
    assert result.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_a_file_that_is_known_already_is_not_sent_again(site: Api) -> None:
    tag = site.anonymous("GET", "/favicon.svg").headers["etag"]
    result = site.anonymous("GET", "/favicon.svg", headers={"If-None-Match": f'"other", W/{tag}'})
    assert result.status_code == 304
    assert result.content == b""
    assert site.anonymous("GET", "/favicon.svg", headers={"If-None-Match": '"other"'}).status_code == 200


def test_large_text_travels_compressed_where_the_browser_can_read_it(site: Api) -> None:
    result = site.anonymous("GET", "/assets/index-4f2a.js", headers={"Accept-Encoding": "br, gzip"})
    assert result.headers["content-encoding"] == "gzip"
    assert result.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(result.content).decode() == SCRIPT
    plain = site.anonymous("GET", "/assets/index-4f2a.js", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers


def test_head_tells_the_length_and_sends_nothing(site: Api) -> None:
    result = site.anonymous("HEAD", "/assets/index-4f2a.js")
    assert result.headers["content-length"] == str(len(SCRIPT))
    assert result.content == b""


@pytest.mark.parametrize("path", [
    "/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "//etc/passwd.txt", "/.htpasswd.txt",
    "/notes.py", "/assets/none.js", "/\0.txt",
])
def test_nothing_but_the_dashboards_files_is_served(site: Api, path: str) -> None:
    result = site.anonymous("GET", path)
    assert result.status_code == 404
    assert "secret" not in result.text


def test_an_unknown_address_of_the_api_is_no_page(site: Api) -> None:
    result = site.anonymous("GET", "/api/nothing")
    assert result.status_code == 404
    assert result.json["detail"] == "The API has no such address."


def test_files_can_only_be_read(site: Api) -> None:
    result = site.anonymous("POST", "/index.html")
    assert result.status_code == 405
    assert result.headers["allow"] == "GET, HEAD"


def test_without_a_built_console_the_page_says_what_to_do(fresh: Api) -> None:
    result = fresh.anonymous("GET", "/")
    assert result.status_code == 404
    assert "Run `make`" in result.text
