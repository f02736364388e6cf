"""The configuration commands while the phone system does not run."""

import io
import os
from pathlib import Path

import pytest

from pbx.cli import main

OFFICE = """
site: {domain: 127.0.0.20}
extensions:
  - {number: "1001", name: Anna Adams, password: Rig-secret-2026}
  - {number: "1002", name: Bob Brown}
trunks:
  - {name: trusted, kind: ip, address: 127.0.0.9}
"""


@pytest.fixture
def document(tmp_path: Path) -> str:
    file = tmp_path / "office.yaml"
    file.write_text(OFFICE)
    return str(file)


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(tmp_path / "data")


def test_an_import_tells_what_it_did_and_the_passwords_it_made(
    document: str, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", document, "--data", data]) == 0
    told = capsys.readouterr().out
    assert "extension 1001, extension 1002" in told
    assert "The phone of 1002 has the password" in told
    assert "Rig-secret-2026" not in told
    assert main(["import", document, "--data", data]) == 0
    assert capsys.readouterr().out == "Nothing changed.\n"


def test_an_export_can_be_imported_again(
    document: str, data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["import", document, "--data", data])
    capsys.readouterr()
    assert main(["export", "--data", data]) == 0
    again = tmp_path / "again.yaml"
    again.write_text(capsys.readouterr().out)
    assert main(["import", str(again), "--data", data]) == 0
    assert capsys.readouterr().out == "Nothing changed.\n"


def test_every_problem_of_a_document_is_named_and_nothing_is_made(
    data: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("extensions: [{number: 1001, password: '1234'}, {}]"))
    assert main(["import", "-", "--data", data]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert any("extensions[0].password" in line for line in lines)
    assert any("extensions[1].number" in line for line in lines)
    assert not Path(data).exists()


def test_a_weak_password_is_taken_when_it_is_meant(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("extensions: [{number: 1001, name: A, password: '1234'}]"))
    assert main(["import", "-", "--allow-weak", "--data", data]) == 0


def test_looking_at_a_folder_that_is_none_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("check", "export"):
        assert main([command, "--data", str(tmp_path)]) == 1
        assert "no Warden data" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


def test_somebody_elses_folder_is_named(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(data).mkdir(mode=0)
    if was_root := os.geteuid() == 0:
        os.seteuid(65534)
    try:
        for command in ("check", "export"):
            assert main([command, "--data", data]) == 1
            assert "belongs to another user" in capsys.readouterr().err
    finally:
        if was_root:
            os.seteuid(0)


def test_an_administrator_is_made_from_standard_input(
    data: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Quiet-harbour-2026\n"))
    assert main(["admin", "olga", "--data", data]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert main(["admin", "olga", "--data", data]) == 1
    assert "wanted at least 10" in capsys.readouterr().err


def test_live_commands_say_that_nothing_runs_and_how_to_start_it(
    data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = [[name] for name in ("calls", "trunks", "bans", "trace", "status")]
    for command in (*alone, ["hangup", "x"], ["unban", "10.0.0.9"]):
        assert main([*command, "--data", data]) == 1
        assert f"warden run --data {data}" in capsys.readouterr().err
