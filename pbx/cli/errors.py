"""How a command refuses."""


class CommandError(Exception):
    """Each line is one sentence for the person who gave the command, with the fix."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
