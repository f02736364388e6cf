"""A running media process, and phones that talk to it."""

import contextlib

import pytest

from tests.media.rig import Media, Phone


@pytest.fixture
def media(tmp_path):
    media = Media(tmp_path / "media.sock")
    yield media
    media.stop()


@pytest.fixture
def phones():
    with contextlib.ExitStack() as stack:
        yield lambda host, **more: stack.enter_context(contextlib.closing(Phone(host, **more)))


@pytest.fixture
def anna(phones):
    return phones("127.0.0.31", ssrc=1)


@pytest.fixture
def bob(phones):
    return phones("127.0.0.32", ssrc=2)


@pytest.fixture
def mallory(phones):
    return phones("127.0.0.66", ssrc=3)
