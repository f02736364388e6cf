"""What a phone's refusal means, and which of several is told to the caller."""

import pytest

from pbx.switch.causes import Cause, most_telling, of_status, relayed


@pytest.mark.parametrize(
    ("status", "cause", "passed_on"),
    [
        (486, Cause.BUSY, 486),
        (600, Cause.BUSY, 600),
        (603, Cause.DECLINED, 603),
        (480, Cause.UNAVAILABLE, 480),
        (404, Cause.NOT_FOUND, 404),
        (488, Cause.NO_CODEC, 488),
        (408, Cause.UNREACHABLE, 0),
        (302, Cause.UNAVAILABLE, 0),
        (401, Cause.FAILED, 0),
        (503, Cause.FAILED, 0),
        (406, Cause.NO_CODEC, 406),
        (607, Cause.DECLINED, 607),
        (699, Cause.BUSY, 699),
    ],
)
def test_a_refusal_is_understood(status, cause, passed_on):
    assert of_status(status) is cause
    assert relayed(status) == passed_on


def test_a_persons_word_goes_before_a_machines():
    assert most_telling([Cause.UNREACHABLE, Cause.BUSY, Cause.NOT_FOUND]) is Cause.BUSY
    assert most_telling([Cause.FAILED]) is Cause.FAILED
    assert most_telling([of_status(483)]) is Cause.LOOP


def test_every_cause_has_words_and_its_own_slug():
    assert len({cause.slug for cause in Cause}) == len(list(Cause))
    assert all(cause.words and 200 <= cause.status < 700 for cause in Cause)
