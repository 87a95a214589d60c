"""What a daemon that was killed has left, undone without a program: `netstrata recover`."""

import asyncio

from netstrata.system.output.standard_output import StandardOutput
from netstrata.system.ports import SystemPorts
from netstrata.values import Unavailable


class Recoverable:
    """What one daemon has left in this network namespace."""

    def __init__(self, name: str) -> None:
        """Take the daemon's name.

        Raises: Unavailable if one of that name runs, or its undo journal cannot be read.
        """
        self._ports = SystemPorts(StandardOutput(), name=name)
        self._is_left = self._ports.is_left
        if self._ports.journal_problem:
            raise Unavailable("read what is left", self._ports.journal_problem)

    def describe(self) -> list[str]:
        """Return what is left, in the order in which it would be undone."""
        left = self._ports.recovery.left if self._is_left else []
        return [f"{entry.kind} of {entry.holder or 'nobody'}" for entry in reversed(left)]

    def undo(self) -> list[str]:
        """Undo all of it, what was done last first; return what cannot be, and why."""
        undone = asyncio.run(self._ports.sweep()) if self._is_left else []
        self._ports.close()
        return [f"{one.entry.kind} of {one.entry.holder}: {one.problem}" for one in undone if one.problem]
