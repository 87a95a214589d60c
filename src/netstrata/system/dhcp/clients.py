"""DHCP clients on links: what takes a capability, a new socket or a file is done here, and nothing is read here."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from errno import ENETDOWN, EPERM
from socket import if_indextoname
from zlib import crc32

from netstrata.contract import DHCP, Holder
from netstrata.contract.shapes.dhcp_client import BY_DUID, BY_MAC
from netstrata.ports import DhcpOptions, Lease
from netstrata.system.dhcp.driver import AnotherMac, Callbacks, Conversation, Handed
from netstrata.system.dhcp.driver.conversation import unavailable
from netstrata.system.dhcp.facts import LinkFacts, own_macs, read_link
from netstrata.system.dhcp.held import HeldLeases, Leaseholder
from netstrata.system.dhcp.sockets import ETH_P_ARP, ETH_P_IP, open_packet_socket, quiet_port
from netstrata.system.dhcp.store import LeaseFile
from netstrata.system.permission import takes
from netstrata.values import Unavailable

STATE_DIRECTORY = "/var/lib/netstrata"
_MTU_LEAST = 28  # an IP and a UDP header
# What a client id begins with.
_ETHERNET = b"\1"  # a MAC: RFC 2132 section 9.14
_NODE_SPECIFIC = b"\xff"  # a number of the link, and a DUID: RFC 4361 section 6.1
_DUID_LL = b"\0\3\0\1"  # which is a MAC, too: RFC 8415 section 11.4


class DhcpClients:
    """DHCP on any link of this network namespace."""

    def __init__(
        self, directory: str = STATE_DIRECTORY, who: Holder | None = None, held: HeldLeases | None = None
    ) -> None:
        """Keep leases in a directory, which is made when the first one is kept; who is told what is said."""
        self._directory = directory
        self._who = who
        if held is None:
            held = HeldLeases()
        self._held = held
        if who is None:
            held.release_with(self._release)

    def on_behalf_of(self, who: Holder) -> "DhcpClients":
        """Return the port for a statement."""
        return DhcpClients(self._directory, who, self._held)

    async def leases(self, link: str, options: DhcpOptions) -> AsyncGenerator[Lease | None, None]:
        """Yield leases as they come, change and go; see `netstrata.ports.Dhcp`."""
        while True:
            try:
                async with aclosing(self._leases(link, options)) as leases:
                    async for lease in leases:
                        yield lease
            except AnotherMac:
                if self._who is not None:
                    self._who.note(f"dhcp: {link} has another MAC by now, and is another client to servers", DHCP)
                yield None

    async def _leases(self, link: str, options: DhcpOptions) -> AsyncGenerator[Lease | None, None]:
        """Yield leases of a link with the MAC that it has now.

        Raises: Unavailable, AnotherMac.
        """
        facts = _usable(link)
        options = options._replace(client_id=_client_id(link, facts.mac, options.client_id))
        file = LeaseFile(self._directory, link, facts.mac)
        told = self._who

        def note(line: str) -> None:
            if told is not None:
                told.note(line, DHCP)

        handed = _open(link, facts, options.priority, file.read())
        held = self._held.of(
            Leaseholder(facts.ifindex, facts.mac, options.client_id), options, told.title if told is not None else ""
        )
        callbacks = Callbacks(own_macs, file.keep, held.write, note)
        conversation = Conversation(handed._replace(lease=held.left), options, callbacks)
        quiet = None
        try:
            quiet = quiet_port(link)
            conversation.start()
            while True:
                yield await conversation.next()
        finally:
            conversation.close()
            held.write(b"")
            if quiet is not None:
                quiet.close()

    def _release(self, who: Leaseholder, lease: bytes) -> None:
        """Give back a lease that nobody goes on with, if its link is still there and can carry that.

        Raises: Unavailable.
        """
        try:
            link = if_indextoname(who.ifindex)
        except OSError:
            return
        facts = read_link(link)
        if facts.mac != who.mac or not facts.up:
            return
        options = DhcpOptions(client_id=who.client_id)
        callbacks = Callbacks(own_macs, LeaseFile(self._directory, link, facts.mac).keep, _ignore, _ignore)
        Conversation(_open(link, facts, options.priority, b"")._replace(lease=lease), options, callbacks).give_back()


def _ignore(_: object) -> None:
    """Do nothing."""


def _client_id(link: str, mac: bytes, wanted: bytes) -> bytes:
    """Return what a client calls itself (option 61); b"" for nothing but its MAC."""
    if wanted == BY_MAC:
        return _ETHERNET + mac
    if wanted == BY_DUID:
        return _NODE_SPECIFIC + crc32(link.encode("utf-8", "surrogateescape")).to_bytes(4, "big") + _DUID_LL + mac
    return wanted


def _usable(link: str) -> LinkFacts:
    facts = read_link(link)
    operation = f"ask for a lease on {link}"
    if not facts.ethernet:
        raise Unavailable(operation, "it is not an Ethernet link")
    if facts.mtu < _MTU_LEAST:
        raise Unavailable(operation, f"its MTU of {facts.mtu} bytes is too small")
    if not facts.up:
        raise unavailable(link, OSError(ENETDOWN, ""))
    return facts


def _open(link: str, facts: LinkFacts, priority: int, kept: bytes) -> Handed:
    """Open all that a client needs on a link.

    Raises: Unavailable.
    """
    try:
        packets = open_packet_socket(facts.ifindex, ETH_P_IP, priority)
        try:
            arp = open_packet_socket(facts.ifindex, ETH_P_ARP, priority)
        except OSError:
            packets.close()
            raise
    except OSError as error:
        if error.errno == EPERM:
            error = OSError(EPERM, takes("CAP_NET_RAW"))
        raise unavailable(link, error) from None
    return Handed(link, facts.mac, facts.mtu, packets, arp, kept)
