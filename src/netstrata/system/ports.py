"""All ports over the real system, each made when it is first asked for."""

import os
from functools import cached_property
from typing import TYPE_CHECKING

from netstrata.ports import (
    Addresses,
    Advertisements,
    Backends,
    Children,
    Dhcp,
    Dhcpv6,
    Dns,
    Events,
    Files,
    Filters,
    Gateways,
    HeldFiles,
    Links,
    Machine,
    Neighbours,
    Output,
    Prefixes,
    Routes,
    Rules,
    Servers,
    Streams,
    Sysctl,
    Turns,
    Wireguard,
)
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netstrata.ports.gateways import UplinkFacts
    from netstrata.system.children import RealChildren, StopTimeout
    from netstrata.system.children.child_registry import ChildRegistry
    from netstrata.system.children.keeper import ChildKeeper
    from netstrata.system.dns import PerLink, Resolver, ResolverConfiguration
    from netstrata.system.filesystem.generated import GeneratedFiles
    from netstrata.system.gateways import RankedGateways, RouteFacts
    from netstrata.system.held import Leaving, Recovery, Undoing, Undone, WaitQueues
    from netstrata.system.netlink import Netlink
    from netstrata.system.nftables import RealNftables
    from netstrata.system.nftables.entries import FilterEntries
    from netstrata.system.planned import PlannedPorts
    from netstrata.system.wireguard import WireguardStores


class SystemPorts:
    """The kernel, the children and the files of this machine."""

    def __init__(
        self,
        output: Output,
        *,
        state: str = "/var/lib/netstrata",
        run: str = "/run/netstrata",
        as_ncd: bool = False,
        name: str = "netstrata",
    ) -> None:
        """Remember how children are to be kept, where leases are, and where generated configurations.

        Shapes: as_ncd keeps NCD's ways: children unheard, never killed, no output flushed before they start, nothing
        remembered for the next one, IPv6 addresses up before they can be used; name is that of the daemon, of which
        several may run.
        """
        self.output = output
        self._name = name
        self._may_be_left: bool | None = False if as_ncd else None  # not known yet
        self._journal_taken = ""
        self._state = state
        self._run = run
        self._as_ncd = as_ncd
        self._ends_in_s = 0

    def end_children_within(self, all_s: int) -> None:
        """Have all children end within so many seconds: the daemon was told to end, and nobody waits much longer."""
        self._ends_in_s = all_s
        if "_stop_timeout" in self.__dict__:
            self._stop_timeout.shorten(all_s)

    @cached_property
    def _stop_timeout(self) -> "StopTimeout":
        """How long children may take to end; one for all of them."""
        from netstrata.system.children import StopTimeout

        stop_timeout = StopTimeout(None) if self._as_ncd else StopTimeout()
        if self._ends_in_s:
            stop_timeout.shorten(self._ends_in_s)
        return stop_timeout

    @cached_property
    def _child_registry(self) -> "ChildRegistry | None":
        """Tools and the like that the next daemon is to end before it begins; NCD's outlive it."""
        from netstrata.system.children.child_registry import ChildRegistry

        return None if self._as_ncd else ChildRegistry(f"{self._run}/children")

    @cached_property
    def _child_keeper(self) -> "ChildKeeper | None":
        """Children that the next daemon is to take over, if this one is killed."""
        from netstrata.system.children.keeper import ChildKeeper

        return None if self._as_ncd else ChildKeeper(self.recovery, f"{self._run}/output", self._stop_timeout)

    @cached_property
    def recovery(self) -> "Recovery":
        """What a daemon before this one has left, and where is written what this one does."""
        from netstrata.system.held import NO_RECOVERY, NoJournal, Recovery

        if self._as_ncd:
            return NO_RECOVERY
        from netstrata.system.undo_journal import Identity, JournalTaken, UndoJournal, journal_path

        try:
            journal = UndoJournal(journal_path(self._run, self._name), Identity.here())
        except JournalTaken as error:
            self._journal_taken = str(error)
            return Recovery(NoJournal())
        return Recovery(journal)

    @property
    def journal_problem(self) -> str:
        """Why what this daemon does now is not undone if it is killed, "" if it is."""
        return self._journal_taken or (self.recovery.journal.problem if "recovery" in self.__dict__ else "")

    @property
    def is_due(self) -> bool:
        """Whether any of that was not tried to be undone yet."""
        return self.is_left and (not self.recovery.is_left or self.recovery.is_due)

    @property
    def is_left(self) -> bool:
        """Whether a daemon before this one has left something that nobody has taken over yet."""
        if "recovery" in self.__dict__ and self.recovery.is_left:
            return True  # also what this one could not undo at once
        if self._may_be_left is None:
            from netstrata.system.undo_journal import journal_path

            self._may_be_left = os.path.exists(journal_path(self._run, self._name))
        return self._may_be_left and self.recovery.is_left

    @property
    def is_busy(self) -> bool:
        """Whether somebody is about to take more of that over."""
        return self.recovery.is_busy

    async def sweep(self) -> "list[Undone]":
        """Undo what a daemon before this one has left, and nobody has taken over: what was done last goes first."""
        _ = self._netlink, self.sysctl, self.dns, self.held_files, self.generated, self._child_keeper
        _ = self.dhcp, self.dhcpv6, self.advertisements, self.filters, self.nftables, self._wireguard
        return await self.recovery.sweep()

    def undoing(self, leaving: "Leaving") -> "Iterator[Undoing | None]":
        """Say what becomes of all that is held if some leave; None now and then, so that others have their turn."""
        return self.recovery.undoing(leaving) if "recovery" in self.__dict__ else iter(())

    def planned(self, leaving: "Leaving") -> "PlannedPorts":
        """Return ports that say what would be done once some have left, and do nothing."""
        from netstrata.system.planned import PlannedPorts

        return PlannedPorts(self, leaving)

    def close(self) -> None:
        """Know that nothing is held any more."""
        if "_wireguard" in self.__dict__:
            self._wireguard.peers.part()
        if "recovery" in self.__dict__:
            self.recovery.journal.close()

    @cached_property
    def wait_queues(self) -> "WaitQueues":
        """Those who wait for something outside to change."""
        from netstrata.system.held import WaitQueues

        return WaitQueues(self._prepare_to_listen)

    def _prepare_to_listen(self, kind: str) -> None:
        """Make whoever hears of things of a kind, for which nobody has asked yet.

        Raises: Unavailable.
        """
        from netstrata.system.held.wait_queues import NFT, PATHS, PORT

        if kind == PATHS:
            from netstrata.system.filesystem.awaited_paths import AwaitedPaths

            AwaitedPaths(self.wait_queues)
        elif kind == PORT:
            from netstrata.system.streams.awaited_ports import AwaitedPorts

            AwaitedPorts(self.wait_queues)
        elif kind == NFT:
            _ = self.nftables
        else:
            _ = self._netlink

    @cached_property
    def _netlink(self) -> "Netlink":
        from netstrata.system.netlink import Netlink

        try:
            return Netlink(recovery=self.recovery, wait_queues=self.wait_queues, waits=not self._as_ncd)
        except OSError as error:
            raise Unavailable("talk to the kernel", error.strerror or "no netlink socket", error.errno or 0) from error

    def catch_up(self) -> int:
        """Hear what the kernel has said by now; return how much was told to be gone, -1 if nobody listens."""
        return self._netlink.catch_up() if "_netlink" in self.__dict__ else -1

    @property
    def links(self) -> Links:
        """Return the links port."""
        return self._netlink.links

    @property
    def addresses(self) -> Addresses:
        """Return the addresses port."""
        return self._netlink.addresses

    @property
    def prefixes(self) -> Prefixes:
        """Return the prefixes port."""
        return self._netlink.prefixes

    @property
    def routes(self) -> Routes:
        """Return the routes port."""
        return self._netlink.routes

    @cached_property
    def _ranked_gateways(self) -> "RankedGateways":
        """Uplinks, best first."""
        from netstrata.system.gateways import RankedGateways

        return RankedGateways(self._netlink)

    @cached_property
    def gateways(self) -> Gateways:
        """Return the gateways port."""
        from netstrata.system.gateways import GatewaysPort

        return GatewaysPort.over(self._netlink, self._ranked_gateways)

    def uplinks(self) -> "list[UplinkFacts]":
        """Return how all uplinks stand, of each family the best first."""
        return self._ranked_gateways.standing() if "_ranked_gateways" in self.__dict__ else []

    @property
    def route_facts(self) -> "RouteFacts":
        """Return what can be told of routes and uplinks."""
        from netstrata.system.gateways import RouteFacts

        return RouteFacts(self._netlink, self._ranked_gateways)

    @cached_property
    def advertisements(self) -> Advertisements:
        """Return router advertisements."""
        from netstrata.system.ndp import AdvertisementsPort, GivenUpPrefixes

        return AdvertisementsPort(self._netlink, GivenUpPrefixes(self.recovery))

    @cached_property
    def _wireguard(self) -> "WireguardStores":
        from netstrata.system.wireguard import WireguardStores

        return WireguardStores(self._netlink, self._tools, self.recovery)

    @cached_property
    def wireguard(self) -> Wireguard:
        """Return WireGuard."""
        from netstrata.system.wireguard import WireguardPort

        return WireguardPort(self._wireguard)

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
        from netstrata.system.sysctl import KernelSettings, SysctlPort

        return SysctlPort(KernelSettings(self._netlink.monitor, recovery=self.recovery))

    @cached_property
    def dhcp(self) -> Dhcp:
        """Return the DHCP client."""
        from netstrata.system.dhcp import DhcpClients, HeldLeases

        return DhcpClients(self._state, held=HeldLeases(self.recovery))

    @cached_property
    def dhcpv6(self) -> Dhcpv6:
        """Return the DHCPv6 client."""
        from netstrata.system.dhcp import HeldLeases
        from netstrata.system.dhcpv6 import Dhcpv6Clients
        from netstrata.system.dhcpv6.clients import HELD

        return Dhcpv6Clients(self._state, self._netlink.address_store, HeldLeases(self.recovery, HELD))

    @cached_property
    def _tools(self) -> "RealChildren":
        """Programs that other ports run.

        Their output is read even as NCD: it says why something failed, and wpa_supplicant's what is known of the link.
        """
        from netstrata.system.children import RealChildren

        return RealChildren(
            _Unflushed(),
            stop_timeout=self._stop_timeout,
            registry=self._child_registry,
            keeper=self._child_keeper,
        )

    @cached_property
    def _name_servers(self) -> "tuple[ResolverConfiguration, PerLink]":
        """All name servers that are held, of no link and of links."""
        from netstrata.system.dns import Forwarder, PerLink, ResolverConfiguration

        general = ResolverConfiguration(self._tools, recovery=self.recovery)
        ground, forwarder = lambda: self._ranked_gateways, lambda who: Forwarder(self._tools, self.generated, who)
        return general, PerLink(general, ground, self.wait_queues, self.recovery, forwarder)

    @cached_property
    def dns(self) -> Dns:
        """Return the resolver configuration."""
        from netstrata.system.dns import DnsPort

        general, per_link = self._name_servers
        return DnsPort(general, per_link=per_link)

    @cached_property
    def resolver(self) -> "Resolver":
        """Return whom to ask about it."""
        from netstrata.system.dns import Resolver

        return Resolver(*self._name_servers)

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
        from netstrata.system.fair_lock import FairLock

        return FairLock()

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
    def _filter_entries(self) -> "FilterEntries | None":
        """What the next daemon is to know of packet filters, if this one is killed; NCD knows no such thing."""
        from netstrata.system.nftables.entries import FilterEntries

        return None if self._as_ncd else FilterEntries(self.recovery)

    @cached_property
    def filters(self) -> Filters:
        """Return the packet filters."""
        from netstrata.system.filters import PacketFilters

        return PacketFilters(self._tools, self.filter_turns, self._filter_entries, self.recovery)

    @cached_property
    def nftables(self) -> "RealNftables":
        """Return nftables."""
        from netstrata.system.nftables import RealNftables

        return RealNftables(
            self._tools, entries=self._filter_entries, recovery=self.recovery, wait_queues=self.wait_queues
        )

    @cached_property
    def held_files(self) -> HeldFiles:
        """Return files that are held."""
        from netstrata.system.heldfiles import RealHeldFiles

        return RealHeldFiles(self.recovery)

    @cached_property
    def generated(self) -> "GeneratedFiles":
        """Return the files that are generated for programs."""
        from netstrata.system.filesystem.generated import GeneratedFiles

        return GeneratedFiles(self._run, self.recovery)

    @property
    def has_orphans(self) -> bool:
        """Whether a daemon before this one may have left children: see `end_orphans`."""
        return os.path.exists(f"{self._run}/children")

    async def end_orphans(self) -> list[int]:
        """End the children of a daemon that has crashed, and return their ids."""
        return await self._child_registry.end_orphans() if self._child_registry is not None else []

    @cached_property
    def servers(self) -> Servers:
        """Return servers."""
        from netstrata.system.servers import RealServers

        return RealServers(self._tools, self.generated, self._state)

    @cached_property
    def backends(self) -> Backends:
        """Return what stands below addresses."""
        from netstrata.system.backends import RealBackends

        return RealBackends(self._tools, self.generated, self.links)

    @cached_property
    def children(self) -> Children:
        """Return the children port."""
        from netstrata.system.children import ChildrenPort, RealChildren

        if self._as_ncd:
            from netstrata.protocols.backoff import STEADY

            return ChildrenPort(RealChildren(_Unflushed(), logs=False, stop_timeout=self._stop_timeout, growth=STEADY))
        return ChildrenPort(
            RealChildren(
                self.output,
                stop_timeout=self._stop_timeout,
                registry=self._child_registry,
                keeper=self._child_keeper,
                wait_queues=self.wait_queues,
            )
        )


class _Unflushed:
    """Standard output that children do not make us flush."""

    def write(self, text: bytes) -> None:
        """Write nothing."""

    def flush(self) -> None:
        """Keep what is held back."""
