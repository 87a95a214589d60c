"""What is refused, as lines: never so many that they are a burden themselves."""

import time
from collections.abc import Callable
from typing import Final

MOST: Final = 20  # lines a second


class RefusalLog:
    """Tells what was refused."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._second = 0
        self._count = 0

    def refused(self, what: str, why: str) -> None:
        """Log that something was refused, and why; or that there were more."""
        second = int(time.monotonic())
        if second != self._second:
            if self._count > MOST:
                self._say(f"refused {self._count - MOST} more")
            self._second, self._count = second, 0
        self._count += 1
        if self._count <= MOST:
            self._say(f"refused {what}: {why}")


def quoted(data: bytes, longest: int = 80) -> str:
    """Return what somebody sent, fit for a line: no control bytes, not long."""
    text = data[:longest].decode("ascii", "backslashreplace")
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return f"{shown}…" if len(data) > longest else shown
