"""A tool that is run to its end for statements: named to whoever asks, and ended when the daemon must end.

While the daemon runs it is never interrupted, however long it takes: it may wait for a lock that somebody else has.
Once the daemon must end, it has half of its time to come to an end by itself, then SIGTERM, and at the end SIGKILL.
"""

import asyncio
import time

from netstrata.contract import Holder
from netstrata.system.children.child import Child
from netstrata.system.children.stop_timeout import StopTimeout

SLOW_S = 10.0  # after which it is told once that a tool still runs


class Tool:
    """One that runs, and those who wait for it; the first of them tells what happens to it."""

    __slots__ = ("_began", "_child", "_statements", "_stop_timeout", "_timer")

    def __init__(self, child: Child, stop_timeout: StopTimeout, statements: list[Holder]) -> None:
        """Begin to watch a child that was started just now."""
        self._child = child
        self._stop_timeout = stop_timeout
        self._statements = statements
        self._began = time.monotonic()
        self._timer = asyncio.get_running_loop().call_later(SLOW_S, self._tell)
        for statement in statements:
            statement.uses(self.text)
        stop_timeout.on_shortened(self._shorten)

    def text(self) -> str:
        """Say what is waited for, and how long already."""
        running_s = int(time.monotonic() - self._began)
        return f"waits for {self._child.name}, process id {self._child.pid}, running for {running_s} s"

    def close(self) -> None:
        """Watch no more: it has ended."""
        self._timer.cancel()
        self._stop_timeout.forget(self._shorten)
        for statement in self._statements:
            statement.uses(None)

    def _tell(self) -> None:
        self._note(self.text())

    def _shorten(self) -> None:
        may_s = self._stop_timeout.tool_s
        if may_s is not None:
            self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(may_s / 2, self._stop, may_s / 2)

    def _stop(self, kill_after_s: float) -> None:
        self._note(f"{self.text()}: the daemon must end, so SIGTERM to it and its group")
        self._child.stop_group(kill_after_s, self._note)

    def _note(self, line: str) -> None:
        if self._statements:
            self._statements[0].note(line)


async def outlast(child: Child, stop_timeout: StopTimeout, statements: list[Holder]) -> "asyncio.CancelledError | None":
    """Wait for the end of a tool even when cancelled meanwhile; return the cancellation, which is the caller's."""
    tool = Tool(child, stop_timeout, statements)
    try:
        return await child.outlast()
    finally:
        tool.close()
