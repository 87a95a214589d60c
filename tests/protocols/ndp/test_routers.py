"""What is believed of several routers, and for how long; the real ones are in tests/kernel/ndp."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.protocols.ndp.test_advertisement import ADVERTISEMENTS, address, network

from netstrata.contract.shapes.ra import FOREVER_S, RaPrefix, RaRoute, RaRouter, RouterFacts
from netstrata.protocols.ndp import Advertisement, KnownRouters, same_facts
from netstrata.protocols.ndp.advertisement import Nat64Prefix, Prefix, RouteInformation, Timed

ONE, OTHER = address("fe80::1"), address("fe80::2")
LAN = network("2001:db8:1::/64")
DNS = address("2001:db8::53")
FULL = Advertisement(
    1800, prefixes=(Prefix(LAN, True, True, 3600, 7200),),
    routes=(RouteInformation(network("2001:db8:9::/48"), b"low", 600),),
    dns_servers=(Timed(DNS, 600),), search=(Timed(b"example.org", 600),), mtu=1480,
    pref64=(Nat64Prefix(network("64:ff9b::/96"), 600),), captive_portal=b"https://example.org/",
)  # fmt: skip


def after(*heard: tuple[float, bytes, Advertisement], at: float) -> RouterFacts | None:
    routers = KnownRouters()
    for time, source, said in heard:
        routers.heard(source, said, time)
    routers.expire(at)
    return routers.facts(b"eth0")


def test_all_that_a_router_says_is_known() -> None:
    assert after((0, ONE, FULL), at=0) == RouterFacts(
        (RaRouter(ONE, 1800, b"medium"),), (RaPrefix(LAN, True, True, 3600, 7200),),
        (RaRoute(network("2001:db8:9::/48"), ONE, b"low", 600),), (b"2001:db8::53",), (b"example.org",), 1480,
        network("64:ff9b::/96"), b"https://example.org/",
    )  # fmt: skip


def test_each_thing_ends_with_its_lifetime_if_its_router_falls_silent() -> None:
    story = [after((0, ONE, FULL), at=at) for at in (599, 600, 1799, 1800, 3599, 3600, 7199)]
    told = [(len(one.routers), len(one.routes), len(one.dns_servers), one.mtu) for one in story if one is not None]

    assert told == [(1, 1, 1, 1480), (1, 0, 0, 1480), (1, 0, 0, 1480), (0, 0, 0, 1480), (0, 0, 0, 1480), (0, 0, 0, 0),
                    (0, 0, 0, 0)]  # fmt: skip
    assert [one.prefixes[0].preferred for one in story[-2:] if one is not None] == [0, 0]
    assert after((0, ONE, FULL), at=7200) is None


def test_what_is_missing_from_the_next_advertisement_stays_until_its_time_is_over() -> None:
    little = Advertisement(1800)

    assert after((0, ONE, FULL), (300, ONE, little), at=599) == after((0, ONE, FULL), at=300)
    facts = after((0, ONE, FULL), (300, ONE, little), at=601)
    assert facts is not None
    assert (facts.dns_servers, facts.mtu, facts.prefixes[0].network) == ((), 1480, LAN)


def test_what_a_router_takes_back_is_gone_at_once() -> None:
    # as radvd 2.19 says it on SIGTERM: the prefix stays as it is
    last = FULL._replace(
        lifetime=0, dns_servers=(Timed(DNS, 0),), search=(Timed(b"Example.org", 0),),
        routes=(RouteInformation(network("2001:db8:9::/48"), b"low", 0),),
    )  # fmt: skip
    facts = after((0, ONE, FULL), (10, ONE, last), at=10)

    assert facts is not None
    assert (facts.routers, facts.routes, facts.dns_servers, facts.search) == ((), (), (), ())
    assert facts.prefixes == (RaPrefix(LAN, True, True, 3600, 7200),)


def test_a_name_server_without_end_ends_with_its_router() -> None:
    # as dnsmasq 2.90 says it when its last prefix is gone
    gone = Advertisement(0, prefixes=(Prefix(LAN, True, True, 0, 7000),), dns_servers=(Timed(ONE, FOREVER_S),))
    before = Advertisement(1800, prefixes=(Prefix(LAN, True, True, 3600, 7200),), dns_servers=gone.dns_servers)

    assert getattr(after((0, ONE, before), at=3599), "dns_servers", None) == (b"fe80::1%eth0",)
    assert getattr(after((0, ONE, before), at=3600), "dns_servers", None) == ()
    assert getattr(after((0, ONE, before), (9, ONE, gone), at=9), "dns_servers", None) == ()


def test_who_says_nothing_but_name_servers_is_believed_while_it_is_heard() -> None:
    said = Advertisement(0, dns_servers=(Timed(DNS, FOREVER_S),), mtu=1480)

    assert after((0, ONE, said), at=5399) == RouterFacts(dns_servers=(b"2001:db8::53",), mtu=1480)
    assert after((0, ONE, said), at=5400) is None


def test_flags_and_an_mtu_alone_are_nothing() -> None:
    assert after((0, ONE, Advertisement(0, managed=True, mtu=1480)), at=0) is None


def test_the_better_router_comes_first_whoever_spoke_last() -> None:
    high = Advertisement(900, b"high", managed=True, dns_servers=(Timed(OTHER, 600),), mtu=1400)
    orders = [
        after((0, ONE, FULL), (1, OTHER, high), at=2),
        after((0, OTHER, high), (1, ONE, FULL), at=2),
        after((0, ONE, FULL), (0, OTHER, high), (1, ONE, FULL), at=2),
    ]

    assert orders[0] == orders[1] == orders[2]
    facts = orders[0]
    assert facts is not None
    assert [one.address for one in facts.routers] == [OTHER, ONE]
    assert (facts.dns_servers, facts.mtu, facts.managed) == ((b"fe80::2%eth0", b"2001:db8::53"), 1400, True)


def test_another_lifetime_is_no_change_unless_a_prefix_is_preferred_no_more() -> None:
    def facts(preferred: int, valid: int = 7200, lifetime: int = 1800) -> RouterFacts:
        found = after((0, ONE, FULL._replace(lifetime=lifetime, prefixes=(Prefix(LAN, True, True, preferred, valid),))),
                      at=0)  # fmt: skip
        assert found is not None
        return found

    assert same_facts(facts(3600), facts(3590, 7190, 1700))
    assert not same_facts(facts(3600), facts(0))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10000), st.integers(0, 40), ADVERTISEMENTS), max_size=40))
def test_whatever_is_heard_is_bounded_and_ends(story: list[tuple[float, int, Advertisement]]) -> None:
    routers, now = KnownRouters(), 0.0
    for time, number, said in story:
        now = max(now, time)
        routers.heard(b"\xfe\x80" + bytes(13) + bytes([number]), said, now)
        facts = routers.facts(b"eth0")
        assert facts is None or len(facts.routers) <= 16
        assert routers.next_s > now
    for _ in range(10000):
        if routers.next_s == float("inf"):
            break
        routers.expire(routers.next_s)
    assert routers.next_s == float("inf")
