"""The port for events, over the real ones."""

from collections.abc import AsyncGenerator

from netstrata.contract import Holder
from netstrata.ports.events import DeviceChange, DirectoryChange, InputReport


class RealEvents:
    """What happens on this machine.  Each part is loaded when it is first asked for."""

    __slots__ = ("_who",)

    def __init__(self, who: Holder | None = None) -> None:
        self._who = who

    def on_behalf_of(self, who: Holder) -> "RealEvents":
        """Return the port for a statement."""
        return RealEvents(who)

    def watch_directory(self, path: bytes) -> AsyncGenerator[DirectoryChange, None]:
        """Report what is in a directory, and what happens there: see `ports.Events`."""
        from netstrata.system.events.directories import watch_directory

        return watch_directory(path)

    def watch_input_device(self, path: bytes) -> AsyncGenerator[InputReport, None]:
        """Report the events of an input device: see `ports.Events`."""
        from netstrata.system.events.inputs import watch_input_device

        return watch_input_device(path)

    def watch_devices(self, subsystem: str) -> AsyncGenerator[DeviceChange, None]:
        """Report devices that are there, come, change and go: see `ports.Events`."""
        from netstrata.system.events.devices import watch_devices

        return watch_devices(subsystem)

    def watch_switch(self, index: int) -> AsyncGenerator[bool, None]:
        """Say whether a radio switch lets everything through: see `ports.Events`."""
        from netstrata.system.events.switches import watch_switch

        return watch_switch(index)

    def watch_neighbour(self, link: str, address: bytes) -> AsyncGenerator[bool, None]:
        """Say whether a host on a link has an address: see `ports.Events`."""
        from netstrata.system.events.neighbours import watch_neighbour

        return watch_neighbour(link, address, self._who)

    def switch_of(self, link: str) -> int:
        """Return the index of the radio switch of a wireless link: see `ports.Events`."""
        from netstrata.system.events.switches import switch_of

        return switch_of(link)
