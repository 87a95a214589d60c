"""What the routers of one link have said, and for how long it counts.  No socket, no clock: times are arguments.

Each thing that a router has said is a fact of its own, which ends with its lifetime, or when the router says a lifetime
of 0.  What is missing from the next advertisement stays: a router may tell things in turns (RFC 4861 section 6.2.3).

    said with a lifetime --said again--> begins anew
       |            \\--said with 0--> gone
       \\--nothing said until then--> gone

What has no lifetime (MTU, captive portal, flags) ends with the router that said it, and a name server, a domain or a
NAT64 prefix at the latest then: dnsmasq 2.90 says of a router and prefix that are gone a lifetime of 0, and of itself
as name server one without end.  A router is there as long as it is to be used by default, or has a prefix that is
preferred, or a route; who says none of these is believed for three times the longest wait between advertisements.

Several routers are taken together: all of what each says, in the order of their preference, of equal ones the one that
came first; the smallest MTU; a flag that one of them has.  So it does not matter who has spoken last.
Source: RFC 4861 section 6.3.4, RFC 4191 section 3, RFC 8106 section 5.3, RFC 8781 section 5, RFC 8910 section 2.3.
"""

from collections.abc import Hashable, Iterator
from itertools import chain
from math import inf
from typing import Any, Final, Generic, TypeVar

from netstrata.contract.shapes.common import Network
from netstrata.contract.shapes.ra import (
    FOREVER_S,
    NO_NETWORK,
    PREFERENCES,
    RaPrefix,
    RaRoute,
    RaRouter,
    RouterFacts,
)
from netstrata.protocols.ndp.advertisement import Advertisement, Prefix, RouteInformation
from netstrata.values import format_address

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_MTU_LEAST: Final = 1280  # RFC 8200 section 5
_MTU_MOST: Final = 65535
_SILENT_S: Final = 3 * 1800  # RFC 4861 section 6.2.1
_ROUTERS_MOST: Final = 16
_OF_A_KIND_MOST: Final = 64  # of one router
_LINK_LOCAL: Final = b"\xfe\x80"


class _Lasting(Generic[K, V]):
    """Things of one kind, each until its time is over."""

    __slots__ = ("_ends", "_things")

    def __init__(self) -> None:
        self._things: dict[K, V] = {}
        self._ends: dict[K, float] = {}

    def say(self, key: K, thing: V, now_s: float, lifetime: int) -> None:
        """Have one of them for so many seconds from now; of too many only the first count."""
        if not lifetime:
            self._things.pop(key, None)
            self._ends.pop(key, None)
        elif key in self._things or len(self._things) < _OF_A_KIND_MOST:
            self._things[key] = thing
            self._ends[key] = now_s + lifetime if lifetime != FOREVER_S else inf

    def expire(self, now_s: float) -> None:
        """Forget those whose time is over."""
        for key in [key for key, end_s in self._ends.items() if end_s <= now_s]:
            del self._things[key], self._ends[key]

    def __len__(self) -> int:
        return len(self._things)

    def __contains__(self, key: K) -> bool:
        return key in self._things

    def __iter__(self) -> Iterator[V]:
        return iter(self._things.values())

    @property
    def next_s(self) -> float:
        """When the first of them ends; inf if none does."""
        return min(self._ends.values(), default=inf)


class _Router:
    """One router, and what it says."""

    def __init__(self, address: bytes) -> None:
        self.address = address
        self.itself: _Lasting[None, RaRouter] = _Lasting()
        self.prefixes: _Lasting[Network, Prefix] = _Lasting()
        self.preferred: _Lasting[Network, Network] = _Lasting()  # those of the prefixes that are
        self.routes: _Lasting[Network, RouteInformation] = _Lasting()
        self.dns_servers: _Lasting[bytes, bytes] = _Lasting()
        self.search: _Lasting[bytes, bytes] = _Lasting()  # by the same in small letters
        self.pref64: _Lasting[Network, Network] = _Lasting()
        self.captive_portal: _Lasting[None, bytes] = _Lasting()
        self.mtu: _Lasting[None, int] = _Lasting()
        self.flags: _Lasting[None, tuple[bool, bool]] = _Lasting()

    def heard(self, said: Advertisement, now_s: float) -> None:
        """Take note of an advertisement."""
        stands = _stands(said)
        self.itself.say(None, RaRouter(self.address, said.lifetime, said.preference), now_s, said.lifetime)
        for prefix in said.prefixes:
            self.prefixes.say(prefix.network, prefix, now_s, prefix.valid)
            self.preferred.say(prefix.network, prefix.network, now_s, prefix.preferred)
        for route in said.routes:
            self.routes.say(route.network, route, now_s, route.lifetime)
        for server in said.dns_servers:
            self.dns_servers.say(server.what, server.what, now_s, min(server.lifetime, stands))
        for domain in said.search:
            self.search.say(domain.what.lower(), domain.what, now_s, min(domain.lifetime, stands))
        for network, lifetime in said.pref64:
            self.pref64.say(network, network, now_s, min(lifetime, stands))
        if said.captive_portal:
            self.captive_portal.say(None, said.captive_portal, now_s, stands)
        if _MTU_LEAST <= said.mtu <= _MTU_MOST:
            self.mtu.say(None, said.mtu, now_s, stands)
        self.flags.say(None, (said.managed, said.other), now_s, stands)

    def expire(self, now_s: float) -> None:
        """Forget what does not count any more."""
        for things in self._all:
            things.expire(now_s)

    @property
    def says_something(self) -> bool:
        """Whether anything counts that is of use without more."""
        return any(self._all[:-2])

    @property
    def next_s(self) -> float:
        """When something ends next; inf if nothing does."""
        return min(things.next_s for things in self._all)

    @property
    def rank(self) -> int:
        """How good it is; what is less is better."""
        return min((PREFERENCES.index(one.preference) for one in self.itself), default=len(PREFERENCES))

    @property
    def prefix_values(self) -> Iterator[RaPrefix]:
        """Its prefixes; of one that is not preferred any more that lifetime is 0."""
        for one in self.prefixes:
            preferred = one.preferred if one.network in self.preferred else 0
            yield RaPrefix(one.network, one.on_link, one.autonomous, preferred, one.valid)

    @property
    def route_values(self) -> Iterator[RaRoute]:
        """The networks that it is the way to."""
        return (RaRoute(one.network, self.address, one.preference, one.lifetime) for one in self.routes)

    @property
    def _all(self) -> tuple[_Lasting[Any, Any], ...]:
        return (
            self.itself, self.prefixes, self.preferred, self.routes, self.dns_servers, self.search, self.pref64,
            self.captive_portal, self.mtu, self.flags,
        )  # fmt: skip


class KnownRouters:
    """All routers of a link."""

    def __init__(self) -> None:
        self._routers: dict[bytes, _Router] = {}

    def heard(self, source: bytes, said: Advertisement, now_s: float) -> None:
        """Take note of an advertisement; of too many routers only the first count."""
        self.expire(now_s)
        router = self._routers.get(source) or _Router(source)
        router.heard(said, now_s)
        if router.says_something and len(self._routers) < _ROUTERS_MOST:
            self._routers[source] = router
        self.expire(now_s)

    def expire(self, now_s: float) -> None:
        """Forget what does not count any more."""
        for router in self._routers.values():
            router.expire(now_s)
        self._routers = {address: one for address, one in self._routers.items() if one.says_something}

    @property
    def next_s(self) -> float:
        """When something ends next; inf if nothing does."""
        return min((router.next_s for router in self._routers.values()), default=inf)

    @property
    def has_default(self) -> bool:
        """Whether one of them can be used by default."""
        return any(router.itself for router in self._routers.values())

    def facts(self, link: bytes) -> RouterFacts | None:
        """Return what all of them say, on a link; None if that is nothing."""
        if not self._routers:
            return None
        routers = sorted(self._routers.values(), key=lambda router: router.rank)
        search = {domain.lower(): domain for router in routers[::-1] for domain in [*router.search][::-1]}
        flags = [one for router in routers for one in router.flags]
        return RouterFacts(
            tuple(chain.from_iterable(router.itself for router in routers)),
            _longest(chain.from_iterable(router.prefix_values for router in routers)),
            tuple(chain.from_iterable(router.route_values for router in routers)),
            tuple(dict.fromkeys(_zoned(server, link) for router in routers for server in router.dns_servers)),
            tuple(search.values())[::-1],
            min(chain.from_iterable(router.mtu for router in routers), default=0),
            next(chain.from_iterable(router.pref64 for router in routers), NO_NETWORK),
            next(chain.from_iterable(router.captive_portal for router in routers), b""),
            any(managed for managed, _ in flags),
            any(other for _, other in flags),
        )


def same_facts(one: RouterFacts, other: RouterFacts) -> bool:
    """Say whether a program should see no difference: another order is none, and another lifetime, unless it is 0.

    Routers repeat what they say every few minutes, and some count down meanwhile.
    """
    return _compared(one) == _compared(other)


def _compared(facts: RouterFacts) -> RouterFacts:
    return facts._replace(
        routers=tuple(one._replace(lifetime=1) for one in facts.routers),
        prefixes=tuple(sorted(one._replace(preferred=min(one.preferred, 1), valid=1) for one in facts.prefixes)),
        routes=tuple(sorted(one._replace(lifetime=1) for one in facts.routes)),
        dns_servers=tuple(sorted(facts.dns_servers)),
        search=tuple(domain.lower() for domain in facts.search),
    )


def _longest(prefixes: Iterator[RaPrefix]) -> tuple[RaPrefix, ...]:
    """Return each prefix once: of several routers that say it the one that prefers it for longest counts."""
    found: dict[Network, RaPrefix] = {}
    for one in prefixes:
        found[one.network] = max(found.get(one.network, one), one, key=lambda each: each.preferred)
    return tuple(found.values())


def _stands(said: Advertisement) -> int:
    """Return for how long a router is there after it has said something."""
    ways = [prefix.preferred for prefix in said.prefixes] + [route.lifetime for route in said.routes]
    return max([said.lifetime, *ways]) if said.lifetime or ways else _SILENT_S


def _zoned(server: bytes, link: bytes) -> bytes:
    """Return a name server as text; one that is on the link says so, as resolv.conf has it."""
    return format_address(server) + (b"%" + link if server.startswith(_LINK_LOCAL) else b"")
