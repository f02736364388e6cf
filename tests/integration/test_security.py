"""Somebody guesses passwords: he is banned, seen, and let in again by people."""

import json
from pathlib import Path

import pytest

from tests.integration.phone import NETWORK, Phone
from tests.office import running

HOST, GUESSER = f"{NETWORK}.4", f"{NETWORK}.166"


def test_who_guesses_is_banned_and_let_in_again_from_the_command_line(tmp_path: Path) -> None:
    with running(tmp_path, HOST, ["1001"]) as office, Phone("6666", GUESSER, HOST) as guesser:
        assert office.command("bans", "--json") == ""
        for _ in range(6):
            last = guesser.register()
        assert last == 403
        [ban] = map(json.loads, office.command("bans", "--json").splitlines())
        assert (ban["address"], ban["account"]) == (GUESSER, "6666")
        assert f"{GUESSER}" in office.command("bans")
        refused = office.api("/api/security/refusals")
        assert {row["reason"] for row in refused["items"]} == {"wrong_password", "banned"}
        assert refused["totals"]["wrong_password"] == 5
        office.command("unban", GUESSER)
        assert office.command("bans") == ""
        with pytest.raises(AssertionError, match="warden bans"):
            office.command("unban", GUESSER)
