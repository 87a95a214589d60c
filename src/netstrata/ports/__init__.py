"""What statements may ask of the outside: Protocol classes only, nothing that does anything."""

from typing import Protocol

from netstrata.contract import Holder
from netstrata.ports.backends import Association, Backends
from netstrata.ports.children import Children, Command, Piped, Program
from netstrata.ports.dhcp import Dhcp, DhcpOptions, Lease
from netstrata.ports.dns import Dns
from netstrata.ports.events import DeviceChange, DirectoryChange, Events, InputReport, Machine, Turn, Turns
from netstrata.ports.files import Files, FileStatus, OpenFile
from netstrata.ports.filters import Filters
from netstrata.ports.gateways import Gateway, Gateways, Probe
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
    def routes(self) -> Routes: ...
    @property
    def gateways(self) -> Gateways: ...
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
    "Association",
    "Backends",
    "Children",
    "Closable",
    "Command",
    "ConnectAttempt",
    "DeviceChange",
    "Dhcp",
    "DhcpOptions",
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
    "PeerState",
    "Piped",
    "Ports",
    "Probe",
    "Program",
    "Rate",
    "Route",
    "Routes",
    "Rule",
    "Rules",
    "Servers",
    "Stream",
    "Streams",
    "Sysctl",
    "Turn",
    "Turns",
    "Wireguard",
    "WireguardDevice",
    "WireguardPeer",
]
