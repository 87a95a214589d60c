"""vpn.wireguard.peer: one peer of a WireGuard link, which comes and goes alone."""

from contextlib import AsyncExitStack, aclosing
from typing import NamedTuple

from netstrata.contract import DOWN, Revised, Watch, watches
from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.contract.shapes.common import Link, Network, Number, Text
from netstrata.contract.shapes.wireguard import OFF, HandshakeTime, PeerAddress, PeerOptions, PublicKey
from netstrata.ports import Ports, Route, WireguardPeer
from netstrata.values import Refused


class Shaken(NamedTuple):
    """How a peer was at its last handshake."""

    endpoint: Text
    address: Text
    handshake: HandshakeTime
    rx_bytes: Number
    tx_bytes: Number


@watches("vpn.wireguard.peer", layer=4)
async def peer(ports: Ports, link: Link, public_key: PublicKey, options: PeerOptions = NO_OPTIONS) -> Watch[Shaken]:
    """Hold a peer of a WireGuard link; whatever other peers the link has are not touched.

    `allowed_ips` are the networks that are the peer's: what it sends from others is dropped.  One network is one
    peer's; where another peer has it already, the peer is not added.  With `routes` there is a route to each of them
    over the link, with that metric (0 is none), while the peer is up.  It takes no default route: that is for
    `net.gateway` of kind `vpn`, which leads what the tunnel itself sends around it.

    `endpoint` is where the peer is reached; without it, the peer must begin.  A name is looked up before the peer is
    added, and again each 30 s while a handshake is missing that should be there: the last one is older than 135 s, and
    packets wait for the next, or `keepalive` is set.  Of several addresses the next one is tried.  A peer that has gone
    elsewhere by itself is followed by WireGuard, and stays where it is.

    It is up when it is added (`up` is `configured`), or with `handshake` when it has answered, and down when its last
    handshake is older than 180 s; handshakes come by packets only, so give it a `keepalive` (in seconds) then.

    `endpoint` is where it is now, and `address` that without the port, for the `server` of a gateway.  `handshake` is
    the time of the last one, nothing before the first.  These, `rx_bytes` and `tx_bytes` change while it is up: at each
    handshake, which is each two minutes while packets go, when the endpoint is another one, and when answers do not
    come any more.

    Example:
        vpn.wireguard.peer("wg0", "JikGkMv1hSC+bA6TD7eLhTEfEmkFPOiGn9ySlu4YQx4=",
            ["endpoint": "vpn.example.org:51820", "allowed_ips": {"10.66.0.0/24"}, "routes": "0"]) hub;
        println("the hub is at ", hub.endpoint);

        vpn.wireguard.peer("wg1", "w4K36aJChxybLUJ5Gr61o/xl6y+8coKrq9WsLoYXsiI=",
            ["endpoint": "vpn.example.org:51820", "allowed_ips": {"0.0.0.0/0"}]) way;
        net.gateway("wg1", "none", ["kind": "vpn", "server": way.address]);

    Source: wg(8); linux/wireguard.h; wireguard-tools, contrib/reresolve-dns.
    """
    where = options.get("endpoint", PeerAddress("", 0))
    routes = _routes(link, options, where.host)
    given = {word: options[word] for word in ("preshared_key", "keepalive") if word in options}
    allowed, by_handshake = options.get("allowed_ips", frozenset()), options.get("up", False)
    wanted = WireguardPeer(link, public_key, where.host, where.port, allowed, by_handshake=by_handshake, **given)
    async with (
        ports.wireguard.held_peer(wanted),
        AsyncExitStack() as held,
        aclosing(ports.wireguard.watch_peer(wanted)) as states,
    ):
        waiting = routes
        async for state in states:
            if state is None:
                yield DOWN
                await held.aclose()
                waiting = routes
                continue
            for route in waiting:
                await held.enter_async_context(ports.routes.held_route(route))
            waiting = []
            yield Revised(Shaken(state.endpoint.encode(), state.address.encode(), *state[2:]))


def _routes(link: str, options: Options, host: str) -> list[Route]:
    """Return the routes to a peer's networks, if they are asked for.

    Raises: Refused if one of them would lead everything into the tunnel.
    """
    metric = options.get("routes", OFF)
    if metric == OFF:
        return []
    networks: list[Network] = sorted(options.get("allowed_ips", ()))
    if any(not network.prefix for network in networks):
        server = f'"{host}"' if host and not host[-1].isalpha() else "its variable `address`"
        hint = f'leave it off, and use net.gateway("{link}", "none", ["kind": "vpn", "server": {server}])'
        raise Refused("a default route is none of a peer's routes", hint=hint, argument=2, within=(b"routes",))
    return [Route(network.address, network.prefix, None, link, metric) for network in networks]
