"""What statements may ask of the outside: Protocol classes only, nothing that does anything."""

from typing import Protocol

from netstrata.contract import Holder
from netstrata.ports.advertisements import Advertisements, RouterFacts
from netstrata.ports.backends import Association, Backends
from netstrata.ports.children import Children, Command, Piped, Program
from netstrata.ports.dhcp import Dhcp, DhcpOptions, Lease
from netstrata.ports.dhcpv6 import Dhcpv6, Dhcpv6Lease, Dhcpv6Options
from netstrata.ports.dns import Dns, LinkServers
from netstrata.ports.events import DeviceChange, DirectoryChange, Events, InputReport, Machine, Turn, Turns
from netstrata.ports.files import Files, FileStatus, OpenFile
from netstrata.ports.filters import Filters
from netstrata.ports.gateways import Gateway, Gateways
from netstrata.ports.heldfiles import HeldFiles
from netstrata.ports.kernel import (
    Addresses,
    DynamicAddress,
    Forwarding,
    Hop,
    Link,
    LinkChange,
    Links,
    MacsecChannel,
    MacsecKey,
    Neighbour,
    Neighbours,
    NewLink,
    NewPort,
    Rate,
    Route,
    Routes,
    Rule,
    Rules,
)
from netstrata.ports.nftables import Nftables, NftThing
from netstrata.ports.output import Output
from netstrata.ports.prefixes import Prefixes, Subnet
from netstrata.ports.probes import PageSource, Portal, Probe
from netstrata.ports.servers import Servers
from netstrata.ports.streams import Closable, ConnectAttempt, Stream, Streams
from netstrata.ports.sysctl import Sysctl
from netstrata.ports.wireguard import PeerState, Wireguard, WireguardDevice, WireguardPeer


class Ports(Protocol):
    """Everything outside, called on behalf of one statement; each part is made when it is first asked for."""

    @property
    def holder(self) -> Holder: ...
    @property
    def links(self) -> Links: ...
    @property
    def addresses(self) -> Addresses: ...
    @property
    def prefixes(self) -> Prefixes: ...
    @property
    def routes(self) -> Routes: ...
    @property
    def gateways(self) -> Gateways: ...
    @property
    def advertisements(self) -> Advertisements: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def neighbours(self) -> Neighbours: ...
    @property
    def sysctl(self) -> Sysctl: ...
    @property
    def children(self) -> Children: ...
    @property
    def dhcp(self) -> Dhcp: ...
    @property
    def dhcpv6(self) -> Dhcpv6: ...
    @property
    def dns(self) -> Dns: ...
    @property
    def events(self) -> Events: ...
    @property
    def machine(self) -> Machine: ...
    @property
    def filter_turns(self) -> Turns: ...
    @property
    def files(self) -> Files: ...
    @property
    def streams(self) -> Streams: ...
    @property
    def filters(self) -> Filters: ...
    @property
    def nftables(self) -> Nftables: ...
    @property
    def held_files(self) -> HeldFiles: ...
    @property
    def servers(self) -> Servers: ...
    @property
    def backends(self) -> Backends: ...
    @property
    def wireguard(self) -> Wireguard: ...
    @property
    def output(self) -> Output: ...


__all__ = [
    "Addresses",
    "Advertisements",
    "Association",
    "Backends",
    "Children",
    "Closable",
    "Command",
    "ConnectAttempt",
    "DeviceChange",
    "Dhcp",
    "DhcpOptions",
    "Dhcpv6",
    "Dhcpv6Lease",
    "Dhcpv6Options",
    "DirectoryChange",
    "Dns",
    "DynamicAddress",
    "Events",
    "FileStatus",
    "Files",
    "Filters",
    "Forwarding",
    "Gateway",
    "Gateways",
    "HeldFiles",
    "Hop",
    "InputReport",
    "Lease",
    "Link",
    "LinkChange",
    "LinkServers",
    "Links",
    "Machine",
    "MacsecChannel",
    "MacsecKey",
    "Neighbour",
    "Neighbours",
    "NewLink",
    "NewPort",
    "NftThing",
    "Nftables",
    "OpenFile",
    "Output",
    "PageSource",
    "PeerState",
    "Piped",
    "Portal",
    "Ports",
    "Prefixes",
    "Probe",
    "Program",
    "Rate",
    "Route",
    "RouterFacts",
    "Routes",
    "Rule",
    "Rules",
    "Servers",
    "Stream",
    "Streams",
    "Subnet",
    "Sysctl",
    "Turn",
    "Turns",
    "Wireguard",
    "WireguardDevice",
    "WireguardPeer",
]
