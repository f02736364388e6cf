"""The command line: `warden run`, `warden import FILE` …  Exit status 0 done, 1 refused, 2 called wrongly.

Nothing heavy is imported before a command is chosen: `run` patches the standard library first, and the others
start quickly.
"""

from collections.abc import Sequence

from pbx.cli.errors import CommandError
from pbx.cli.parser import make_parser


def main(arguments: Sequence[str] | None = None) -> int:
    import sys

    options = make_parser().parse_args(arguments)
    try:
        return int(options.command(options) or 0)
    except CommandError as error:
        print("\n".join(f"warden: {line}" for line in error.lines), file=sys.stderr)
        return 1
    except BrokenPipeError:  # `warden trace | head`
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130
