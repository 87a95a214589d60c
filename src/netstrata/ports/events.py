"""What happens outside, as streams of events: directories, input devices, devices that come and go, radio switches.

Each is an async generator, to be closed with `aclosing`.
"""

from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple, Protocol

from netstrata.ports.streams import Closable


class DirectoryChange(NamedTuple):
    """Something that happened to an entry of a directory.

    Shapes: kind is added, removed or changed.
    """

    kind: bytes
    name: bytes


class InputReport(NamedTuple):
    """An event of an input device, by the kernel's names and numbers."""

    type: bytes
    value: int
    code: bytes
    code_numeric: int


class DeviceChange(NamedTuple):
    """A device as it is now, by its path in sysfs; no properties: it is not there any more."""

    path: str
    properties: dict[str, str] | None


class Events(Protocol):
    """What happens outside.  All of these raise Unavailable when there is nothing, or nothing more, to watch."""

    def watch_directory(self, path: bytes) -> AsyncGenerator[DirectoryChange, None]:
        """Report every entry as added, and then what happens to them; the end of the directory is Unavailable."""

    def watch_input_device(self, path: bytes) -> AsyncGenerator[InputReport, None]:
        """Report the events of an input device; its end is Unavailable."""

    def watch_devices(self, subsystem: str) -> AsyncGenerator[DeviceChange, None]:
        """Report every device of a subsystem, and then those that come, change and go."""

    def watch_switch(self, index: int) -> AsyncGenerator[bool, None]:
        """Say whether a radio switch exists and blocks nothing: now, and at each change."""

    def watch_neighbour(self, link: str, address: bytes) -> AsyncGenerator[bool, None]:
        """Say whether a host on an Ethernet link has an IPv4 address, as soon as that is known and when it changes."""

    def switch_of(self, link: str) -> int:
        """Return the index of the radio switch of a wireless link.

        Raises: Unavailable if there is none.
        """


class Machine(Protocol):
    """The machine itself.  Nothing is undone or written to disks before, and nothing of it comes back."""

    def reboot(self) -> None:
        """Start it anew.

        Raises: Unavailable.
        """

    def power_off(self) -> None:
        """Switch it off.

        Raises: Unavailable.
        """


class Turn(Closable, Protocol):
    """A place in a queue, or the turn itself; closing it gives it up, and the next one has its turn."""

    @property
    def held(self) -> bool:
        """Whether it is this one's turn."""


class Turns(Protocol):
    """Something that one may use at a time: first come, first served."""

    def ask(self, call: Callable[[], None]) -> Turn:
        """Ask for a turn.  It is held at once if nobody has it; else call when it is."""
