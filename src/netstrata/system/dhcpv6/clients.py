"""DHCPv6 clients on links: what takes a capability, a new socket or a file is done here, and nothing is read here."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from errno import EACCES, EADDRINUSE, EPERM
from socket import if_indextoname, socket

from netstrata.contract import DHCP, Holder
from netstrata.ports import Dhcpv6Lease, Dhcpv6Options, DynamicAddress
from netstrata.protocols import dhcpv6
from netstrata.system.dhcp.driver.conversation import unavailable
from netstrata.system.dhcp.facts import LinkFacts, read_link
from netstrata.system.dhcp.held import HeldLeases, Leaseholder
from netstrata.system.dhcp.store import LeaseFile
from netstrata.system.dhcpv6.driver import Dhcpv6Callbacks, Dhcpv6Conversation, Dhcpv6Handed, Ours
from netstrata.system.dhcpv6.identity import duid_of, iaid_of
from netstrata.system.dhcpv6.sockets import CLIENT_PORT, open_client_socket
from netstrata.system.netlink.addresses import NetlinkAddresses
from netstrata.system.netlink.dynamic import LINK_LOCAL
from netstrata.system.netlink.leased import Leased
from netstrata.system.permission import takes
from netstrata.values import Unavailable

HELD = "lease6"  # in the undo journal


class Dhcpv6Clients:
    """DHCPv6 on any link of this network namespace."""

    def __init__(
        self, directory: str, addresses: NetlinkAddresses, held: HeldLeases, who: Holder | None = None
    ) -> None:
        """Keep leases in a directory, which is made when the first one is kept; who is told what is said."""
        self._directory = directory
        self._addresses = addresses
        self._held = held
        self._who = who
        if who is None:
            held.release_with(self._release)

    def on_behalf_of(self, who: Holder) -> "Dhcpv6Clients":
        """Return the port for a statement."""
        return Dhcpv6Clients(self._directory, self._addresses, self._held, who)

    async def leases(self, link: str, options: Dhcpv6Options) -> AsyncGenerator[Dhcpv6Lease | None, None]:
        """Yield leases as they come, change and go; see `netstrata.ports.Dhcpv6`."""
        facts = read_link(link)
        client = _client(link, facts, options)
        of = Leaseholder(facts.ifindex, facts.mac, client.duid + client.iaid.to_bytes(4, "big"))
        held = self._held.of(of, options, self._who.title if self._who is not None else "")
        try:
            async with aclosing(self._addresses.watch_dynamic6(link, LINK_LOCAL, self._who)) as own:
                address = await _next_address(own)
                file = self._file(link, client)
                handed = Dhcpv6Handed(link, facts.ifindex, _open(link, facts, address), file.read(), held.left)
                callbacks = Dhcpv6Callbacks(file.keep, held.write, self._has, self._note)
                conversation = Dhcpv6Conversation(handed, client, callbacks)
                going = asyncio.ensure_future(anext(own))
                going.add_done_callback(lambda ended: _gone(link, conversation, ended))
                try:
                    conversation.start()
                    while True:
                        yield await conversation.next()
                finally:
                    conversation.close()
                    going.cancel()
                    await asyncio.wait([going])
        finally:
            held.write(b"")

    def _has(self, taken: Callable[[bytes], None], ours: Ours) -> None:
        self._addresses.leased.has(taken, Leased(*ours))

    def _note(self, line: str) -> None:
        if self._who is not None:
            self._who.note(line, DHCP)

    def _file(self, link: str, client: dhcpv6.Client) -> LeaseFile:
        who = hashlib.sha256(client.duid + client.iaid.to_bytes(4, "big")).digest()[:8]
        return LeaseFile(self._directory, link, who, "lease6")

    def _release(self, who: Leaseholder, lease: bytes) -> None:
        """Give back a lease that nobody goes on with, if its link is still there and can carry that.

        Raises: Unavailable.
        """
        try:
            link = if_indextoname(who.ifindex)
        except OSError:
            return
        facts = read_link(link)
        own = self._addresses.table.link_local(who.ifindex)
        if facts.mac != who.mac or own is None:
            return
        duid, iaid = who.client_id[:-4], int.from_bytes(who.client_id[-4:], "big")
        client = dhcpv6.Client(duid, iaid)
        handed = Dhcpv6Handed(link, who.ifindex, _open(link, facts, own), b"", lease)
        callbacks = Dhcpv6Callbacks(self._file(link, client).keep, _ignore, _ignore, _ignore)
        Dhcpv6Conversation(handed, client, callbacks).give_back()


def _ignore(*_: object) -> None:
    """Do nothing."""


async def _next_address(own: AsyncGenerator[DynamicAddress | str, None]) -> bytes:
    """Wait for the link-local address of a link, which others could be asked about."""
    async for found in own:
        if not isinstance(found, str):
            return found.address
    raise AssertionError("it watches for ever")


def _gone(link: str, conversation: Dhcpv6Conversation, ended: "asyncio.Future[DynamicAddress | str]") -> None:
    """Know that the address at which a client hears is gone."""
    if ended.cancelled():
        return
    error = ended.exception()
    if isinstance(error, Exception):
        conversation.end(error)
    elif error is None:
        conversation.end(Unavailable(f"ask for a lease on {link}", str(ended.result())))


def _client(link: str, facts: LinkFacts, options: Dhcpv6Options) -> dhcpv6.Client:
    return dhcpv6.Client(
        duid_of(link, facts.mac if facts.ethernet else b"", options),
        iaid_of(link, options),
        options.address,
        options.prefix is not None,
        options.prefix or 0,
        options.rapid_commit,
        options.hostname,
        options.user_class,
        options.vendor_class,
        options.send,
        options.request,
    )


def _open(link: str, facts: LinkFacts, address: bytes) -> socket:
    """Open what a client hears with.

    Raises: Unavailable.
    """
    try:
        return open_client_socket(link, facts.ifindex, address)
    except OSError as error:
        if error.errno in (EACCES, EPERM):
            error = OSError(error.errno, takes("CAP_NET_BIND_SERVICE" if error.errno == EACCES else "CAP_NET_RAW"))
        if error.errno == EADDRINUSE:
            error = OSError(EADDRINUSE, f"another DHCPv6 client has port {CLIENT_PORT} of it")
        raise unavailable(link, error) from None
