"""The house rules that no linter knows: sizes, and nothing of the machine that wrote a file."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILE_LINES, FUNCTION_LINES = 400, 40
SOURCES = sorted(path for folder in ("pbx", "tests") for path in (ROOT / folder).rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_and_its_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < FUNCTION_LINES, (
                f"{node.name} is longer than {FUNCTION_LINES} lines"
            )


@pytest.mark.parametrize("path", [path for path in SOURCES if ROOT / "pbx" in path.parents], ids=name)
def test_a_module_says_what_it_owns(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text))


def test_no_file_names_the_machine_that_wrote_it() -> None:
    words = ["/wo" + "rk/", "/ro" + "ot/", "deb.debian" + ".org", "pypi" + ".org", "registry.npm" + "js"]
    patterns = [part for word in words for part in ("-e", word)]
    found = subprocess.run(
        ["git", "grep", "-lF", *patterns], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
