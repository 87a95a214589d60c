"""All ports over the real system, each made when it is first asked for."""

from functools import cached_property
from typing import TYPE_CHECKING

from netstrata.ports import (
    Addresses,
    Children,
    Dhcp,
    Dns,
    Events,
    Files,
    Links,
    Machine,
    Neighbours,
    Output,
    Routes,
    Rules,
    Streams,
    Sysctl,
    Turns,
)
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink


class SystemPorts:
    """The kernel, the children and the files of this machine."""

    def __init__(self, output: Output, *, state: str = "/var/lib/netstrata", as_ncd: bool = False) -> None:
        """Remember how children are to be kept, and where leases are.

        Shapes: as_ncd keeps NCD's ways: children unheard, never killed, no output flushed before they start.
        """
        self.output = output
        self._state = state
        self._as_ncd = as_ncd

    @cached_property
    def _netlink(self) -> "Netlink":
        from netstrata.system.netlink import Netlink

        try:
            return Netlink()
        except OSError as error:
            raise Unavailable("talk to the kernel", error.strerror or "no netlink socket", error.errno or 0) from error

    @property
    def links(self) -> Links:
        """Return the links port."""
        return self._netlink.links

    @property
    def addresses(self) -> Addresses:
        """Return the addresses port."""
        return self._netlink.addresses

    @property
    def routes(self) -> Routes:
        """Return the routes port."""
        return self._netlink.routes

    @property
    def rules(self) -> Rules:
        """Return the rules port."""
        return self._netlink.rules

    @property
    def neighbours(self) -> Neighbours:
        """Return the neighbours port."""
        return self._netlink.neighbours

    @cached_property
    def sysctl(self) -> Sysctl:
        """Return the kernel's settings."""
        from netstrata.system.sysctl import KernelSettings

        return KernelSettings()

    @cached_property
    def dhcp(self) -> Dhcp:
        """Return the DHCP client."""
        from netstrata.system.dhcp import DhcpClients

        return DhcpClients(self._state)

    @cached_property
    def dns(self) -> Dns:
        """Return the resolver configuration."""
        from netstrata.system.dns import ResolverConfiguration

        return ResolverConfiguration()

    @cached_property
    def events(self) -> Events:
        """Return what happens outside."""
        from netstrata.system.events import RealEvents

        return RealEvents()

    @property
    def machine(self) -> Machine:
        """Return the machine itself."""
        from netstrata.system.machine import RealMachine

        return RealMachine()

    @cached_property
    def filter_turns(self) -> Turns:
        """Return the lock of the packet filter tools."""
        from netstrata.system.turns import Queue

        return Queue()

    @cached_property
    def files(self) -> Files:
        """Return the files."""
        from netstrata.system.files import RealFiles

        return RealFiles()

    @cached_property
    def streams(self) -> Streams:
        """Return the streams."""
        from netstrata.system.streams import RealStreams

        return RealStreams()

    @cached_property
    def children(self) -> Children:
        """Return the children port."""
        from netstrata.system.children import RealChildren

        if self._as_ncd:
            return RealChildren(_Unflushed(), hears=False, kill_after_s=None)
        return RealChildren(self.output)


class _Unflushed:
    """Standard output that children do not make us flush."""

    def write(self, text: bytes) -> None:
        """Write nothing."""

    def flush(self) -> None:
        """Keep what is held back."""
