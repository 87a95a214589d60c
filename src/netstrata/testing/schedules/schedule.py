"""A program, what is there before it, and the steps of what happens: words, one step a line."""

from collections.abc import Iterator
from typing import NamedTuple

from netstrata.testing.schedules.program import Program

Step = tuple[str, ...]
_OWN = ("change", "edit", "whole", "reload", "settle", "turns", "wait", "crash", "die")


class Schedule(NamedTuple):
    """What one run is made of.  The first steps happen before the program begins."""

    before: tuple[Step, ...]
    program: Program
    steps: tuple[Step, ...]

    @property
    def text(self) -> str:
        """All of it, for people."""
        return (
            _titled("before the program begins", self.before) + self.program.text + _titled("while it runs", self.steps)
        )

    @property
    def crashes(self) -> bool:
        """Whether the daemon is killed on the way."""
        return any(step[0] in ("crash", "die") for step in self.steps)

    @property
    def is_of_reloads(self) -> bool:
        """Whether the program is all that changes: then stands in the end what a new start would have brought up."""
        words = [step[0] for step in self.steps]
        return not self.before and "reload" in words and all(word in _OWN for word in words)

    def smaller(self) -> "Iterator[Schedule]":
        """Yield schedules with less in them, those that lack most first."""
        for steps in _fewer(self.steps):
            yield self._replace(steps=steps)
        for program in self.program.smaller():
            yield self._replace(program=program)
        for before in _fewer(self.before):
            yield self._replace(before=before)


def _fewer(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    size = (len(steps) + 1) // 2
    while size:
        for at in range(0, len(steps), size):
            yield steps[:at] + steps[at + size :]
        size //= 2


def _titled(title: str, steps: tuple[Step, ...]) -> str:
    return "".join([f"# {title}:\n", *(f"#   {' '.join(step)}\n" for step in steps)])
