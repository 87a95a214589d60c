"""Which routes there are, and whose: what a daemon holds, and what the kernel uses for an address."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from netstrata.contract import Holder
from netstrata.ports.gateways import UplinkFacts
from netstrata.protocols.rtnetlink import Answer, RouteMessage, ask_match, decode_route, messages
from netstrata.protocols.rtnetlink.constants import RTM_GETROUTE, RTM_NEWROUTE
from netstrata.system.gateways.held_for_uplink import HeldForUplink
from netstrata.system.netlink.refusals import ROUTE_WORDS, owner_of, reason_of, route_words, spec_words
from netstrata.values import Unavailable, format_address

if TYPE_CHECKING:
    from netstrata.system.gateways.ranking import RankedGateways
    from netstrata.system.netlink import Netlink
    from netstrata.system.netlink.held_route import HeldRoute


class KeptRoute(NamedTuple):
    """A route that statements hold."""

    words: str
    table: int
    is_ours: bool  # else it was there before
    holders: list[Holder]


class UsedRoute(NamedTuple):
    """The route that the kernel uses for an address."""

    words: str
    table: int
    owner: str  # by its protocol
    holders: list[Holder]
    uplink: UplinkFacts | None  # the one that it leads over


class RouteFacts:
    """Everything about routes that a daemon can tell."""

    def __init__(self, netlink: "Netlink", gateways: "RankedGateways") -> None:
        """Take what holds them."""
        self._netlink = netlink
        self._gateways = gateways

    def kept(self) -> Iterator[KeptRoute]:
        """Yield what is held, in the order in which it was done."""
        for held in list(self._netlink.route_store.held.values()):
            yield KeptRoute(spec_words(held.route), held.table, held.ours, _statements(held))

    def used_for(self, address: bytes) -> UsedRoute:
        """Return what the kernel uses for an address.

        Raises: Unavailable if it would not send anything there.
        """
        found = self._match(address)
        holders = [who for held in self._held_like(found) for who in _statements(held)]
        uplink = next((one for one in self._gateways.standing() if _leads_over(found, one)), None)
        link = self._netlink.requests.name_of(found.ifindex) if found.ifindex else ""
        return UsedRoute(route_words(found, link), found.table, owner_of(found), holders, uplink)

    def _match(self, address: bytes) -> RouteMessage:
        answer = self._netlink.requests.get(RTM_GETROUTE, ask_match(address, 8 * len(address)))
        if not isinstance(answer, Answer):
            for one in messages(answer, len(answer)):
                if one.type == RTM_NEWROUTE:
                    return decode_route(answer, one.start, one.end)
        reason = reason_of(answer, ROUTE_WORDS) if isinstance(answer, Answer) else "the kernel tells of no route"
        raise Unavailable(f"send anything to {format_address(address).decode()}", reason)

    def _held_like(self, found: RouteMessage) -> Iterator["HeldRoute"]:
        for held in self._netlink.route_store.held.values():
            where = found.destination + bytes((found.prefix,))
            if held.key == (where, found.metric, found.table, found.tos) and held.is_same(found):
                yield held


def _leads_over(found: RouteMessage, uplink: UplinkFacts) -> bool:
    gateway = uplink.gateway
    if len(found.destination) != (4 if gateway.family == 4 else 16) or found.prefix:
        return False
    return (found.ifindex, found.gateway or b"") == (uplink.ifindex, gateway.address or b"")


def _statements(held: "HeldRoute") -> list[Holder]:
    return [who.statement if isinstance(who, HeldForUplink) else who for who in held.holders]
