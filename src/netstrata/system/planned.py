"""Ports that do nothing, and say what would be done: a statement's body runs against them before it really does.

What is held says of itself what entering does (`to_do`), and some of it what leaving does (`to_undo`).  Of a body that
asks for anything else, or waits for something, nothing is known before it runs.
"""

from collections.abc import Callable
from typing import Any, Final

from netstrata.system.held import Leaving

_MAKING: Final = ("backends", "gateways")  # ports that start what they watch


class NotForeseen(Exception):
    """It is not known what would be done."""


class PlannedPorts:
    """All ports, for one body."""

    def __init__(self, ports: Any, leaving: Leaving) -> None:
        """Take the real ports, and who has left by then."""
        self.to_do: list[str] = []
        self.to_undo: list[str] | None = []  # None: what holds something knows that itself
        self.only_watches = False  # what comes after that is not done, but looked at
        self._ports = ports
        self._leaving = leaving

    def __getattr__(self, name: str) -> Any:
        return _PlannedPort(name, getattr(self._ports, name), self)

    def take(self, held: Any) -> None:
        """Know what is about to be held.

        Raises: NotForeseen.
        """
        to_do = getattr(held, "to_do", None)
        if to_do is None:
            raise NotForeseen
        self.to_do += to_do(self._leaving)
        to_undo = getattr(held, "to_undo", None)
        words = to_undo() if to_undo is not None else None
        self.to_undo = [*words, *self.to_undo] if words is not None and self.to_undo is not None else None


class _PlannedPort:
    """One port."""

    def __init__(self, name: str, port: Any, ports: PlannedPorts) -> None:
        self._name = name
        self._port = port
        self._ports = ports

    def __getattr__(self, name: str) -> Callable[..., "_Entered"]:
        operation = getattr(self._port, name)
        if not name.startswith("held"):
            self._ports.only_watches = name.startswith("watch_") and self._name not in _MAKING
            raise NotForeseen

        def held(*arguments: Any, **named: Any) -> _Entered:
            self._ports.take(operation(*arguments, **named))  # made, and never entered: nothing is done
            return _Entered()

        return held


class _Entered:
    """Holds nothing."""

    async def __aenter__(self) -> None:
        """Do nothing."""

    async def __aexit__(self, *_: object) -> None:
        """Undo nothing."""
