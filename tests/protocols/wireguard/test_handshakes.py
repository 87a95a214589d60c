"""When a peer is alive, when something is wrong, and when its address is looked for again."""

from netstrata.protocols.wireguard.device import Peer
from netstrata.protocols.wireguard.handshakes import Handshakes, Sight

WALL = 1_700_000_000.0
GOOD, DEAD = Sight(True, False, False), Sight(False, False, False)


def test_a_peer_that_nobody_talks_to_is_not_wrong_for_having_no_handshake() -> None:
    seen = Handshakes(0, 0.0)

    assert [seen.see(Peer(), now, WALL + now) for now in (0.0, 50.0, 500.0)] == [DEAD] * 3


def test_a_first_handshake_that_does_not_come_is_told_after_ten_seconds_of_asking() -> None:
    seen = Handshakes(0, 0.0)

    told = [seen.see(Peer(sent=148 * (int(now) // 5)), now, WALL + now) for now in (0.0, 4.0, 6.0, 14.0, 17.0, 31.0)]

    assert [one.silent for one in told] == [False, False, False, False, True, True]
    assert [one.asks_again for one in told] == [False, False, False, False, False, True]


def test_a_handshake_is_good_for_three_minutes_and_wanted_anew_after_135_seconds_of_traffic() -> None:
    seen = Handshakes(0, 0.0)
    hand = int(WALL)
    times = [0.0, 100.0, 140.0, 142.0, 153.0, 181.0, 184.0]

    told = [seen.see(Peer(handshake=hand, sent=int(now)), now, WALL + now) for now in times]

    assert [one.alive for one in told] == [True] * 5 + [False] * 2
    assert [one.silent for one in told] == [False] * 4 + [True] * 3
    assert [one.asks_again for one in told] == [False, False, True, False, False, True, False]


def test_without_traffic_an_old_handshake_is_no_reason_to_look_for_the_peer() -> None:
    seen = Handshakes(0, 0.0)
    told = [seen.see(Peer(handshake=int(WALL), sent=7), now, WALL + now) for now in (0.0, 150.0, 1000.0)]

    assert told == [GOOD, GOOD, DEAD]


def test_with_a_keepalive_it_is() -> None:
    seen = Handshakes(25, 0.0)
    told = [seen.see(Peer(handshake=int(WALL), sent=7), now, WALL + now) for now in (0.0, 136.0, 150.0)]

    assert told == [GOOD, Sight(True, False, True), Sight(True, True, False)]


def test_one_that_was_wanted_an_hour_ago_is_looked_for_no_more() -> None:
    seen = Handshakes(0, 0.0)
    seen.see(Peer(), 0.0, WALL)
    assert seen.see(Peer(sent=148), 40.0, WALL).asks_again

    assert not seen.see(Peer(sent=148), 3600.0, WALL).asks_again


def test_an_old_one_that_a_daemon_finds_says_nothing_of_what_is_wanted_now() -> None:
    seen = Handshakes(0, 0.0)

    assert seen.see(Peer(handshake=int(WALL) - 500, sent=10**6), 0.0, WALL) == DEAD


def test_a_clock_that_is_set_meanwhile_makes_no_handshake_old() -> None:
    seen = Handshakes(0, 0.0)
    seen.see(Peer(handshake=int(WALL)), 0.0, WALL)

    following = Peer(handshake=int(WALL) + 120)

    assert seen.see(following, 121.0, WALL + 10**7).alive
