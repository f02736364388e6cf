"""Refusals in words."""

import pytest

from pbx.api.problems import FieldError, duration, too_many, wrong_fields


@pytest.mark.parametrize(("seconds", "words"), [
    (1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (61, "2 minutes"), (900, "15 minutes"),
])
def test_durations_are_told_as_people_tell_them(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_the_wait_is_rounded_up_so_that_it_is_never_too_short() -> None:
    assert too_many("Too many tries.", 2.2).headers == {"Retry-After": "3"}
    problem = too_many("Too many tries.", 0.2)
    assert problem.status == 429
    assert problem.headers == {"Retry-After": "1"}
    assert problem.detail == "Too many tries. Try again in 1 second."


def test_wrong_fields_are_told_together() -> None:
    problem = wrong_fields([FieldError("number", "is missing"), FieldError("name", "is empty; wanted text.")])
    assert problem.status == 422
    assert problem.detail == "number: is missing. name: is empty; wanted text."
