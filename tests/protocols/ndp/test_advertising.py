"""What a router advertises, and when."""

from math import inf

from tests.protocols.ndp.test_advertisement import address, network

from netstrata.protocols.ndp import Advertisement
from netstrata.protocols.ndp.advertisement import Nat64Prefix, Prefix, RouteInformation, Timed
from netstrata.protocols.ndp.advertising import Schedule, advertisement, lasts_s, taken_back

LAN, OLD = network("2001:db8:1::/64"), network("2001:db8:2::/64")
OPTIONS = {
    "prefixes": [LAN], "dns": [address("2001:db8:1::1")], "search": [b"example.org"], "mtu": 1480, "other": 1,
    "routes": [network("2001:db8::/40")], "pref64": network("64:ff9b::/96"), "preference": b"high",
}  # fmt: skip
MAC = bytes.fromhex("020000000a01")


def test_all_that_was_asked_for_is_said() -> None:
    assert advertisement(OPTIONS, MAC, {OLD: 7000}) == Advertisement(
        1800, b"high", False, True, (Prefix(LAN, True, True, 2700, 5400), Prefix(OLD, True, True, 0, 7000)),
        (RouteInformation(network("2001:db8::/40"), b"high", 1800),), (Timed(address("2001:db8:1::1"), 1800),),
        (Timed(b"example.org", 1800),), (Nat64Prefix(network("64:ff9b::/96"), 1800),), 1480, b"", MAC,
    )  # fmt: skip


def test_all_of_it_is_taken_back_at_the_end() -> None:
    said = advertisement(OPTIONS, MAC, {}, ending=True)

    assert (said.lifetime, said.preference, said.prefixes) == (0, b"medium", (Prefix(LAN, True, True, 0, 5400),))
    assert [one.lifetime for one in (*said.dns_servers, *said.search)] == [0, 0]
    assert [one.lifetime for one in said.routes] == [one.lifetime for one in said.pref64] == [0]


def test_what_is_said_no_more_is_taken_back_while_the_router_stays() -> None:
    now = {**OPTIONS, "dns": [address("2001:db8:1::2")], "search": [b"example.org", b"example.com"]}
    del now["routes"]

    said = taken_back(OPTIONS, now, MAC)

    assert said == Advertisement(
        1800, b"high", False, True, (), (RouteInformation(network("2001:db8::/40"), b"medium", 0),),
        (Timed(address("2001:db8:1::1"), 0),), mtu=1480, mac=MAC,
    )  # fmt: skip
    assert taken_back({**OPTIONS, "prefixes": [OLD]}, OPTIONS, MAC) is None
    assert taken_back({}, OPTIONS, MAC) is None
    another = taken_back(OPTIONS, {**OPTIONS, "pref64": network("64:ff9b:1::/96")}, MAC)
    assert another is not None
    assert another.pref64 == (Nat64Prefix(network("64:ff9b::/96"), 0),)


def test_a_prefix_that_is_there_again_is_not_given_up() -> None:
    assert advertisement(OPTIONS, MAC, {LAN: 7000}).prefixes == (Prefix(LAN, True, True, 2700, 5400),)


def test_a_prefix_of_which_no_host_makes_an_address_says_so() -> None:
    assert advertisement({"prefixes": [network("2001:db8::/56")]}, b"", {}).prefixes[0].autonomous is False


def test_lifetimes_follow_each_other() -> None:
    assert advertisement({"interval": 1200}, b"", {}).lifetime == 3600
    assert advertisement({"prefixes": [LAN], "valid": 600}, b"", {}).prefixes[0].preferred == 600
    assert advertisement({"prefixes": [LAN], "preferred": 9000}, b"", {}).prefixes[0].valid == 9000
    assert (lasts_s({"valid": 600}), lasts_s({"valid": 2**32 - 1})) == (600, 7200)
    assert lasts_s({"preferred": 7000}) == 7000


def test_it_is_said_three_times_soon_and_then_at_the_interval() -> None:
    schedule, at = Schedule(600), []
    assert schedule.due_s == inf
    schedule.begin(100)
    for _ in range(5):
        at.append(schedule.due_s)
        schedule.sent(schedule.due_s, 1)

    assert at == [100, 116, 132, 732, 1332]


def test_who_asks_is_answered_soon_and_not_within_three_seconds_of_the_last_answer() -> None:
    schedule = Schedule(600)
    schedule.begin(0)
    for _ in range(3):
        schedule.sent(0, 1)

    schedule.solicited(100, 0.5)
    assert schedule.due_s == 100.25
    schedule.sent(100.25, 1)
    schedule.solicited(101, 0.5)
    assert schedule.due_s == 103.25


def test_chance_leaves_at_least_a_third_of_the_interval() -> None:
    schedule = Schedule(600)

    schedule.sent(0, 0)

    assert schedule.due_s == 198
