"""A statement for tests of ports: it keeps what is said in its name."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from netstrata.contract import NOTE
from netstrata.contract.shapes.children import ChildOptions
from netstrata.ports import Command
from netstrata.protocols.backoff import DOUBLING
from netstrata.system.children import ChildrenPort, RealChildren, StopTimeout
from netstrata.system.output.standard_output import StandardOutput
from netstrata.values import Unavailable

T = TypeVar("T")
LONGEST_S = 60


class Heard:
    """A statement whose notes can be read and waited for."""

    title = "main.0 heard"

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.children: list[tuple[str, int]] = []  # who said those that children said
        self.losses: list[Unavailable] = []
        self.tool: Callable[[], str] | None = None
        self._said = asyncio.Event()

    def is_redone_above(self, layer: int) -> bool:
        """Begin again never."""
        return False

    def lost(self, reason: Unavailable) -> None:
        """Keep the reason."""
        self.losses.append(reason)

    def note(self, line: str, kind: str = NOTE) -> None:
        """Keep the line."""
        self.lines.append(line)
        self._said.set()

    def mended(self, line: str) -> None:
        """Keep the line."""
        self.note(line)

    def hear(self, child: str, pid: int, line: str) -> None:
        """Keep a child's line."""
        self.children.append((child, pid))
        self.note(line)

    def awaits(self, what: str) -> None:
        """Forget it: it is no line."""

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Keep it."""
        self.tool = tool

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Forget them: nobody has asked."""

    def again(self, reason: str, wait_ms: int) -> None:
        """Keep it as a line."""
        self.note(f"{reason}; starting it again in {wait_ms / 1000:g} s")

    async def wait_for(self, line: str) -> None:
        """Wait until a line has been said."""
        while line not in self.lines:
            await self.wait_for_more()

    async def wait_for_more(self) -> None:
        """Wait for the next line."""
        self._said.clear()
        await self._said.wait()


def with_children(
    act: Callable[[ChildrenPort, Heard], Coroutine[Any, Any, T]],
    *,
    logs: bool = True,
    kill_after_s: float | None = None,
    growth: int = DOUBLING,
) -> T:
    """Run a piece of a test in a loop, with the children of this machine, in the name of a statement."""

    async def within() -> T:
        statement = Heard()
        children = RealChildren(StandardOutput(), logs=logs, stop_timeout=StopTimeout(kill_after_s), growth=growth)
        return await asyncio.wait_for(act(ChildrenPort(children, statement), statement), LONGEST_S)

    return asyncio.run(within())


def shell(script: str, options: ChildOptions | None = None) -> Command:
    """Return the command that runs a line of shell."""
    return Command([b"/bin/sh", b"-c", script.encode()], options or ChildOptions())
