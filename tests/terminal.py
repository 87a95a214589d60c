"""A real terminal with a program in it: what is typed, and what can be seen."""

import fcntl
import os
import re
import select
import signal
import struct
import termios
from collections.abc import Callable, Sequence

from netstrata.testing.child import PAUSE_S, wait_until
from netstrata.values import Unavailable

ROWS, COLUMNS = 50, 120
Fork = Callable[[Callable[[], None]], int]


def _fork(work: Callable[[], None]) -> int:
    """Have a child of this process do something, and return its id."""
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(1)
    return pid


class Terminal:
    """A program in a terminal of its own; to be closed."""

    def __init__(self, words: Sequence[str], environment: dict[str, str], fork: Fork = _fork) -> None:
        """Start it; what forks may say where it runs."""
        self._ours, its = os.openpty()
        self._said = b""
        self._since = 0  # letters that could be seen when a line was typed last
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

        def become() -> None:
            os.close(self._ours)
            os.login_tty(its)
            os.execvpe(words[0], list(words), {"TERM": "dumb", **environment})

        self._pid = fork(become)
        os.close(its)

    def type(self, line: str) -> None:
        """Type a line; from then on only what comes after it is looked at."""
        self._since = len(self.text)
        self.press(f"{line}\r")

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    @property
    def text(self) -> str:
        """What could be seen, from the first line to the last: what was written over is gone."""
        while select.select([self._ours], [], [], 0)[0]:
            try:
                said = os.read(self._ours, 1 << 16)
            except OSError:  # all programs in it have ended
                break
            self._said += said
        lines = self._said.decode(errors="replace").replace("\r\n", "\n").split("\n")
        return "\n".join(line.rpartition("\r")[2] for line in lines)

    def wait(self, pattern: str) -> str:
        """Wait until what can be seen fits a pattern to its end, and return all of it that is looked at."""
        found = ""

        def is_seen() -> bool:
            nonlocal found
            select.select([self._ours], [], [], PAUSE_S)
            found = self.text[self._since :]
            return re.search(pattern + r"\Z", found) is not None

        try:
            wait_until(f"{pattern!r}", is_seen)
        except Unavailable as problem:
            raise Unavailable(problem.operation, f"{problem.reason}: {found!r}") from None
        return found

    def kill(self) -> None:
        """Have the program gone without a word to anybody."""
        os.kill(self._pid, signal.SIGKILL)

    def hang_up(self) -> None:
        """Have nobody at the terminal any more."""
        os.close(self._ours)
        self._ours = -1

    def close(self) -> None:
        """Have all of it gone."""
        self.kill()
        os.waitpid(self._pid, 0)
        if self._ours >= 0:
            self.hang_up()
