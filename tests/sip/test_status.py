"""Reason phrases."""

import pytest

from pbx.sip.status import reason_phrase


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (100, "Trying"),
        (486, "Busy Here"),
        (199, "Early Dialog Terminated"),
        (299, "Success"),
        (499, "Client Error"),
    ],
)
def test_every_status_has_words(status: int, phrase: str) -> None:
    assert reason_phrase(status) == phrase
