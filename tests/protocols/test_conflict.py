"""Whether an address is free: strangers, our own links, and proxies that answer for every address."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols.arp import REPLY, REQUEST, Arp
from netstrata.protocols.conflict import ASKED, Ask, Free, Question, Taken, decoys

US, OUR_OTHER_CARD = bytes.fromhex("020000000c01"), bytes.fromhex("020000000c02")
THEM, PROXY = bytes.fromhex("020000000501"), bytes.fromhex("020000000502")
OURS = {US, OUR_OTHER_CARD}
ADDRESS = bytes((192, 0, 2, 50))
DECOYS = (bytes((192, 0, 2, 77)), bytes((192, 0, 2, 177)))


def has(mac: bytes, address: bytes) -> Arp:
    return Arp(REPLY, mac, address, US, bytes(4))


def asked(question: Question) -> list[Ask | Free | Taken]:
    """All that it says, without any answer."""
    said: list[Ask | Free | Taken] = [question.ask()]
    while isinstance(said[-1], Ask):
        said.append(question.ask())
    return said


def test_nobody_answers_three_questions_within_a_quarter_of_a_second_and_it_is_free() -> None:
    said = asked(Question(ADDRESS, DECOYS))

    assert said == [Ask((ADDRESS,), 0.07)] * ASKED + [Free()]


@pytest.mark.parametrize("mac", [US, OUR_OTHER_CARD])
def test_our_own_links_answer_and_it_is_free(mac: bytes) -> None:
    question = Question(ADDRESS, DECOYS)
    question.ask()

    assert not question.heard(has(mac, ADDRESS), OURS)
    assert not question.heard(Arp(REQUEST, mac, bytes(4), bytes(6), ADDRESS), OURS)

    assert asked(question)[-1] == Free()


def test_a_stranger_answers_for_it_and_for_no_decoy_and_it_is_taken() -> None:
    question = Question(ADDRESS, DECOYS)
    question.ask()
    question.heard(has(THEM, ADDRESS), OURS)
    question.heard(has(THEM, DECOYS[0]), OURS)  # it has this one, too, by chance

    said = asked(question)

    assert said == [Ask(DECOYS, 0.07), Ask(DECOYS, 0.07), Ask(DECOYS, 1.0), Taken(THEM)]


def test_who_answers_for_all_decoys_too_is_a_proxy_and_it_is_free() -> None:
    question = Question(ADDRESS, DECOYS)
    question.ask()
    question.heard(has(PROXY, ADDRESS), OURS)
    question.ask()

    changed = [question.heard(has(PROXY, decoy), OURS) for decoy in DECOYS]

    assert changed == [False, True]
    assert asked(question)[-1] == Free()
    assert question.proxies == {PROXY}
    assert not question.heard(has(PROXY, ADDRESS), OURS)


def test_a_host_that_has_it_behind_a_proxy_has_it() -> None:
    question = Question(ADDRESS, DECOYS)
    question.ask()
    for mac, address in [(PROXY, ADDRESS), (THEM, ADDRESS), (PROXY, DECOYS[0]), (PROXY, DECOYS[1])]:
        question.heard(has(mac, address), OURS)

    assert asked(question)[-1] == Taken(THEM)


def test_who_answers_after_it_seemed_free_takes_it_away_or_is_a_proxy() -> None:
    late, proxy = Question(ADDRESS, DECOYS), Question(ADDRESS, DECOYS)
    for question in (late, proxy):
        asked(question)
        assert question.heard(has(THEM, ADDRESS), OURS)

    proxy.ask()
    for decoy in DECOYS:
        proxy.heard(has(THEM, decoy), OURS)

    assert asked(late)[-1] == Taken(THEM)
    assert proxy.ask() == Free()


def test_a_crowd_of_strangers_costs_no_more_than_a_few() -> None:
    question = Question(ADDRESS, DECOYS)

    changes = Counter(question.heard(has(number.to_bytes(6, "big"), ADDRESS), OURS) for number in range(1000))

    assert changes[True] <= 8


@given(st.binary(min_size=4, max_size=4), st.integers(1, 32), st.floats(0, 1, exclude_max=True))
def test_decoys_are_two_others_beside_the_address(address: bytes, prefix: int, chance: float) -> None:
    gateway = address[:3] + b"\1"

    one, other = decoys(address, prefix, (gateway, None), chance)

    assert len({one, other, address, gateway}) == 4 or address == gateway
    assert one[:3] == other[:3] == address[:3]
    assert {0, 255}.isdisjoint({one[3], other[3]})
    if 24 <= prefix <= 28:
        assert {int.from_bytes(a, "big") >> (32 - prefix) for a in (one, other, address)} == {
            int.from_bytes(address, "big") >> (32 - prefix)
        }
