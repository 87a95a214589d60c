"""net.ipv6.prefix: a network for a link, of a prefix that was delegated."""

from contextlib import AsyncExitStack, aclosing
from typing import Final, NamedTuple

from netstrata.contract import Revised, Watch, watches
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import Ipv6, Ipv6Network, Link, Network
from netstrata.contract.shapes.dhcpv6 import Networks6
from netstrata.contract.shapes.prefix import Prefixes6, SubnetOptions
from netstrata.ports import Ports, Route, Subnet
from netstrata.ports.prefixes import SUBNET_LENGTH
from netstrata.values import Unavailable, mask_bits

_LAST: Final = 2**31 - 1  # a metric that every other route counts before
_FIRST_HOST: Final = bytes(15) + b"\1"
_QUIET: Final = {"nodad": 1, "wait": 0}  # it was ours a moment ago


class Found(NamedTuple):
    """A link's network."""

    network: Ipv6Network
    addr: Ipv6
    cidr_addr: Ipv6Network
    deprecated: Networks6


@watches("net.ipv6.prefix", layer=3)
async def prefix(ports: Ports, prefixes: Prefixes6, link: Link, options: SubnetOptions = NO_OPTIONS) -> Watch[Found]:
    """Have a network of a prefix for a link behind this host, a /64 that no other link has, and an address in it.

    It is the network with the number `subnet` of the first prefix that is large enough; without a number, one that is
    made of the link's name, the next ones if others have it.  `addr` is the first address of it, or that with the
    `host` part.  Nothing is assigned.  Without a prefix, or if it has no such network, it waits and says so.

    What no link has of the prefix is unreachable while it is up, so that no packet goes back and forth between this
    host and its provider.

    When a lease's prefix is replaced by another one, this is begun anew with the new one.  The link's address of before
    is held here then, deprecated, as long as hosts may have to hear that its network is not to be used: as long as it
    is valid, and an hour and a half at most.  `deprecated` are these networks.

    Example:
        net.ipv6.dhcp("eth0", ["prefix": "on"]) lease;
        net.ipv6.prefix(lease.prefixes, "lan0", ["subnet": "1"]) lan;
        net.ipv6.addr("lan0", lan.cidr_addr, ["wait": "off"]);

        net.ipv6.prefix("2001:db8::/48", "lan1") own;
        println(own.network);

    Source: RFC 7084 section 4.3 (WPD-5, L-13), RFC 9096 section 3.
    """
    wanted = Subnet(*_large_enough(prefixes, link), link, options.get("subnet"))
    host = options.get("host", _FIRST_HOST)
    async with AsyncExitStack() as held:
        subnet = await held.enter_async_context(ports.prefixes.held_subnet(wanted))
        await held.enter_async_context(ports.routes.held_route(_unreachable(subnet)))
        replaced = await held.enter_async_context(aclosing(ports.prefixes.watch_replaced(subnet)))
        former = held.push_async_exit(AsyncExitStack())
        async for subnets in replaced:
            still = await _held_former(ports, subnets, host)
            await former.aclose()
            former.push_async_exit(still)
            address = _address(subnet, host)
            gone = [Network(one.network, SUBNET_LENGTH) for one in subnets]
            network = Network(subnet.network, SUBNET_LENGTH)
            yield Revised(Found(network, address, Network(address, SUBNET_LENGTH), gone))


async def _held_former(ports: Ports, subnets: tuple[Subnet, ...], host: bytes) -> AsyncExitStack:
    """Hold the addresses of before, which are deprecated: what cannot be held any more is said."""
    async with AsyncExitStack() as held:
        for one in subnets:
            try:
                await held.enter_async_context(ports.routes.held_route(_unreachable(one)))
                address = ports.addresses.held_address(one.link, _address(one, host), SUBNET_LENGTH, _QUIET)
                await held.enter_async_context(address)
            except Unavailable as error:
                ports.holder.note(str(error))
        return held.pop_all()


def _large_enough(prefixes: list[Network], link: str) -> tuple[bytes, int]:
    """Return the first prefix with room for a network.

    Raises: Unavailable.
    """
    for address, length in prefixes:
        if length <= SUBNET_LENGTH:
            return mask_bits(address, length), length
    lengths = ", ".join(f"/{length}" for _, length in prefixes)
    reason = (
        f"a prefix of {lengths} is too small: it takes a /{SUBNET_LENGTH}" if prefixes else "no prefix was delegated"
    )
    raise Unavailable(f"give {link} a network", reason)


def _unreachable(subnet: Subnet) -> Route:
    return Route(subnet.prefix, subnet.length, None, None, _LAST, "unreachable")


def _address(subnet: Subnet, host: bytes) -> bytes:
    return subnet.network[: SUBNET_LENGTH // 8] + host[SUBNET_LENGTH // 8 :]
