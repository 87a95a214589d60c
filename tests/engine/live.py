"""A program played over the real outside, by a clock that is set by hand."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from netstrata.system.output.standard_output import StandardOutput
from netstrata.system.ports import SystemPorts
from netstrata.testing.play import Play

TIMEOUT_S = 60
LOOK_S = 0.02  # between two looks at what others do, of which nobody tells


class Live(Play):
    """A play whose events come from the real outside; to be made inside of an event loop."""

    def __init__(self, text: str, folder: Path, ports: Any = None) -> None:
        """Start a program in which FOLDER/ is a folder."""
        self.happened = asyncio.Event()
        self.descriptors = open_descriptors()
        real = ports or SystemPorts(StandardOutput(), as_ncd=True)
        super().__init__(text.replace("FOLDER", str(folder)), real)

    def _wake(self) -> None:
        super()._wake()
        self.happened.set()

    async def until(self, condition: Callable[[], bool]) -> Self:
        """Let events in until something is true."""
        end = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < end, f"in vain; failures {self.failures}, printed:\n{self.output}"
            with suppress(TimeoutError):
                await asyncio.wait_for(self.happened.wait(), LOOK_S)
            self.happened.clear()
            self.work_off()
        return self

    async def until_printed(self, text: str) -> Self:
        """Let events in until something was printed."""
        return await self.until(lambda: text in self.output)

    async def ended(self) -> Self:
        """Ask for the end, and wait until everything is undone."""
        self.end()
        return await self.until(lambda: self.engine.stopped)

    def left_open(self) -> list[str]:
        """Return the descriptors that are open now and were not before."""
        return sorted(open_descriptors() - self.descriptors)


def open_descriptors() -> set[str]:
    """Return the descriptors of this process, each with what it is."""
    found: set[str] = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
        except OSError:
            continue  # the one that listed them
    return found
