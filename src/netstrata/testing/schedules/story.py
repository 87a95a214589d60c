"""What happened in one schedule, in order, for people: steps, transitions, writes, faults, crashes."""

import asyncio
from collections.abc import Callable


class Story:
    """What is told is what is asked for: of most schedules nobody reads anything."""

    def __init__(self, told: bool) -> None:
        self.lines: list[str] = []
        self.told = told

    def tell(self, line: str | Callable[[], str]) -> None:
        """Add a line, with the time at which it is told; one that is a function is made only if somebody reads it."""
        if self.told:
            seconds = asyncio.get_running_loop().time()
            self.lines.append(f"{seconds:7.3f}  {line if isinstance(line, str) else line()}")

    def section(self, title: str, text: Callable[[], str]) -> None:
        """Add some lines below a title, without a time."""
        if self.told:
            self.lines += [title, *(f"    {line}" for line in text().splitlines())]
