"""Suggestions for misspelled words."""

import pytest

from netstrata.language.spelling import did_you_mean, slips

WORDS = [
    "net.ipv4.addr",
    "net.ipv6.addr",
    "net.ipv4.route",
    "net.up",
    "println",
    "print",
    "rprintln",
    "var",
    "list",
    "if",
]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("net.ipv4.adr", "net.ipv4.addr"),
        ("net.ip4v.addr", "net.ipv4.addr"),
        ("ipv6.addr", "net.ipv6.addr"),
        ("addr.ipv4.net", "net.ipv4.addr"),
        ("net_up", "net.up"),
        ("prinln", "println"),
        ("pritn", "print"),
        ("Println", "println"),
        ("lsit", "list"),
        ("vra", "var"),
    ],
)
def test_a_slip_of_the_finger_is_recognised(word: str, meant: str) -> None:
    assert did_you_mean(word, WORDS) == meant


@pytest.mark.parametrize("word", ["x", "xyz", "", "route", "daemon", "println"])
def test_what_is_near_nothing_gets_no_suggestion_but_another_near_word(word: str) -> None:
    expected = {"println": "rprintln", "route": "net.ipv4.route"}.get(word)

    assert did_you_mean(word, WORDS) == expected


def test_a_swap_of_neighbours_is_one_slip() -> None:
    assert slips("abcd", "abdc", 3) == 1
    assert slips("abcd", "dcba", 4) == 3
    assert slips("kitten", "sitting", 3) == 3
    assert slips("kitten", "sitting", 2) == 3
