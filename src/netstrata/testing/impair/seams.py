"""Where a fault can be put into a daemon: around what its ports are made of, and before what Python is about to do."""

import sys
from collections.abc import Callable
from typing import Any

from netstrata.system.held.recovery import Journal
from netstrata.system.netlink.kernel_socket import OpenSocket, open_socket

OnAct = Callable[[str, tuple[Any, ...]], None]


class Seams:
    """What faults are put around; each that is added goes around those before it.

    Shapes: an act is an event of Python's audit hooks with its arguments: `open`, `os.rename`, `subprocess.Popen`, …;
    it is told before it is done, and an OSError that is raised there is what the act fails with.
    Source: https://docs.python.org/3.11/library/audit_events.html
    """

    def __init__(self) -> None:
        self.sockets: list[Callable[[OpenSocket], OpenSocket]] = []  # of rtnetlink: what asks, and what hears
        self.journals: list[Callable[[Journal], Journal]] = []  # the undo journal
        self.on_settled: list[Callable[[], None]] = []  # called whenever nothing is left of the daemon before
        self._acts: list[OnAct] = []

    def on_act(self, told: OnAct) -> None:
        """Tell of each act of the daemon before it is done.  A hook of Python's cannot be taken out again."""
        if not self._acts:
            sys.addaudithook(self._tell)
        self._acts.append(told)

    def calls(self, of: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        """Have a function of a module, or of a class, be what is made of it: of what Python tells no hook."""
        setattr(of, name, wrap(getattr(of, name)))

    def opens(self) -> OpenSocket:
        """Return what opens sockets of rtnetlink."""
        opens: OpenSocket = open_socket
        for wrap in self.sockets:
            opens = wrap(opens)
        return opens

    def journal(self, journal: Journal) -> Journal:
        """Return what the daemon takes for its undo journal."""
        for wrap in self.journals:
            journal = wrap(journal)
        return journal

    def _tell(self, event: str, arguments: tuple[Any, ...]) -> None:
        for told in self._acts:
            told(event, arguments)
