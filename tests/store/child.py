"""Python programs run as a child process of a test."""

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """Starts `program`; its output is read from the pipe."""
    command = [sys.executable, "-W", "error", "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)


def run(program: str, *arguments: object) -> tuple[int, str]:
    """Runs `program` to its end; exit status and output."""
    with start(program, *arguments) as child:
        output, _ = child.communicate(timeout=9)
    return child.returncode, output
