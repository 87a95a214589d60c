"""net.gateway: an uplink, which the default route leads over if it is the best one."""

from contextlib import AsyncExitStack, aclosing
from errno import EEXIST
from typing import Final, NamedTuple

from netstrata.contract import DOWN, Revised, Watch, watches
from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Link, Truth
from netstrata.contract.shapes.dhcp import ON_LINK, GrantedRoute
from netstrata.contract.shapes.gateway import (
    ADVERTISED,
    DEFAULT_PREFERENCE,
    NO_ROUTER,
    SHARED,
    GatewayOptions,
    UplinkGateway,
)
from netstrata.contract.shapes.route import family_of
from netstrata.ports import Gateway, Ports, Route
from netstrata.values import Map, Refused, Unavailable, Value

_ALIKE_MOST: Final = 16  # uplinks of one preference with a route to one network


def _without_router(values: list[Value]) -> Refused | None:
    options = values[2] if len(values) > 2 else Map({})
    if not isinstance(options, Map):
        return None
    kind = options.entries.get(b"kind", b"ethernet")
    shared = isinstance(kind, bytes) and kind.decode("latin-1") in SHARED
    if values[1] != b"" and not (values[1] == b"none" and shared):
        return None
    hint = 'write the address of the router, or `"none"` with the kind of the tunnel.'
    return Refused("an uplink without a router: this waits for ever", hint=hint, argument=1)


class Standing(NamedTuple):
    """How an uplink stands among the others."""

    preferred: Truth


@watches("net.gateway", layer=3, roles=Roles(doubts=_without_router))
async def gateway(
    ports: Ports, link: Link, gateway: UplinkGateway, options: GatewayOptions = NO_OPTIONS
) -> Watch[Standing]:
    """Hold an uplink: all of a program's uplinks have a default route, and the one of the best is what counts.

    The best has the lowest `preference`, which is 100 if it is not given; of equal ones a VPN is better than Ethernet,
    then come point-to-point links, Wi-Fi and cellular ones (`kind`, which is ethernet if it is not given); of several
    Wi-Fi links the one with the best signal, if that is 8 dB better than the preferred one's; then whoever came first.
    The others have a default route of a metric that is worse than any, so that who binds to their link or address gets
    through.  When another one becomes the best, its route is there before that of the one before goes.

    Gateway `none` is whatever is at the other end of a link that is of kind `vpn`, `point-to-point` or `cellular`;
    `family` says of which addresses, inet if it is not given.
    `advertised` is the IPv6 router that advertises itself on the link, for as long as the kernel has a route over it,
    which stays as it is.  Of the routes of a lease the default route says which gateway it is; the others are held,
    too, with `preference` as their metric, or the next one that is free.  With `onlink` the gateway is on the link,
    whatever the addresses say.

    A tunnel's `server` is reached over the best uplink that has none, whichever that is: the default route may lead
    into the tunnel, and what the tunnel sends does not.

    A network without a router, whose lease names none, is no uplink: it is waited for one.  So it is with Ethernet or
    Wi-Fi and gateway `none`, which is what `lease.gateway` is then.

    The metrics are: of the best one none, and 512 for IPv6, which counts before router advertisements; of the others
    4294967295 less the index of the link.

    Example:
        net.gateway("eth0", "192.0.2.1", ["preference": "10"]) wired;
        println("the default route is over the cable: ", wired.preferred);
        net.ipv4.dhcp("wlan0") lease;
        net.gateway("wlan0", lease.routes, ["preference": "20", "kind": "wifi"]);
        net.gateway("wlan0", "advertised", ["preference": "20", "kind": "wifi"]);

        net.gateway("tun0", "none", ["preference": "5", "kind": "vpn", "server": "198.51.100.7"]);

    Source: rtnetlink(7), RTM_NEWROUTE.
    """
    via, others, of = _ways(gateway)
    preference, kind = options.get("preference", DEFAULT_PREFERENCE), options.get("kind", "ethernet")
    if via == NO_ROUTER or (via == ON_LINK and kind in SHARED):
        raise Unavailable(f"use {link} as an uplink", "its network has no router")
    address = None if via in (ON_LINK, ADVERTISED) else via
    if address is None and "onlink" in options:
        raise Refused("there is no address that could be on the link", argument=2, within=(b"onlink",))
    onlink, advertised = bool(options.get("onlink")), via == ADVERTISED
    family, server = _family(via, of, options), options.get("server", b"")
    wanted = Gateway(link, family, address, preference, kind, onlink, advertised, server)
    async with AsyncExitStack() as held:
        for destination, prefix, hop in others:
            await _hold(held, ports, Route(destination, prefix, None if hop == ON_LINK else hop, link, preference))
        async for preferred in await held.enter_async_context(aclosing(ports.gateways.watch_gateway(wanted))):
            yield DOWN if preferred is None else Revised(Standing(preferred))


async def _hold(held: AsyncExitStack, ports: Ports, route: Route) -> None:
    """Hold a route of a lease, after one of another uplink that has the same preference and came first.

    Raises: Unavailable.
    """
    for worse in range(_ALIKE_MOST):
        try:
            await held.enter_async_context(ports.routes.held_route(route._replace(metric=route.metric + worse)))
        except Unavailable as error:
            if error.errno != EEXIST or worse + 1 == _ALIKE_MOST:
                raise
        else:
            return


def _ways(gateway: bytes | list[GrantedRoute]) -> tuple[bytes, list[GrantedRoute], int]:
    """Return the gateway, the other routes of a lease, and the family if that can be seen from them; else 0."""
    if isinstance(gateway, bytes):
        return gateway, [], 0 if gateway in (ON_LINK, ADVERTISED) else family_of(gateway)
    defaults = [(to, via) for to, prefix, via in gateway if not prefix]
    to, via = defaults[0] if defaults else (b"", NO_ROUTER)
    return via, [route for route in gateway if route[1]], family_of(to)


def _family(via: bytes, seen: int, options: Options) -> int:
    """Return 4 or 6.

    Raises: Refused.
    """
    asked, server = options.get("family"), options.get("server")
    family = 6 if via == ADVERTISED else seen or int(asked or family_of(server) or 4)
    for word, of in (("family", asked), ("server", family_of(server))):
        if of not in (None, 0, family):
            raise Refused(f"the gateway is of another family than `{word}`", argument=2, within=(word.encode(),))
    return family
