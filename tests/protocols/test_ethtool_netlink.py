"""What drivers do: each setting is written as it is read, and garbage."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols.ethtool_netlink import DRIVER_SETTINGS, LinkModes, change, decode
from netstrata.protocols.genetlink import request
from netstrata.protocols.rtnetlink import Malformed
from netstrata.protocols.rtnetlink.constants import NLA_F_NESTED
from netstrata.protocols.rtnetlink.wire import attribute, nest

KNOWN = ["10baseT/Half", "10baseT/Full", "100baseT/Half", "100baseT/Full", "1000baseT/Full"]


def modes(*on: str, autoneg: bool = True) -> dict[int, bytes]:
    """Return what a driver shows of its modes, as ethtool 6.1 and an e1000 of Linux 6.1 do."""
    bits = b"".join(
        nest(1, (2, name.encode() + b"\0"), *(((3, b""),) if name in on else ())) for name in ("Autoneg", "TP", *KNOWN)
    )
    body = request(4, 1, attribute(2, bytes((autoneg,))), nest(3, (3 | NLA_F_NESTED, bits)))
    return decode(body, 0, len(body))


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("ring-rx", 512), ("channels-tx", 3), ("pause-rx", 1), ("pause-autoneg", 0), ("wol", "ug"), ("wol", ""),
        ("rx-gro", 1),
    ],
)  # fmt: skip
def test_what_is_set_is_in_the_form_that_is_shown(word: str, value: Any) -> None:
    body = change(word, 7, value, {})
    shown = decode(body, 0, len(body))
    if word == "rx-gro":
        shown[4] = shown[3]  # what is wanted is shown as what is active

    assert DRIVER_SETTINGS[word].decode(shown) == value


@pytest.mark.parametrize(
    ("asked", "offered", "words"),
    [
        ((100, 1), "100baseT/Full", "100/full"),
        ((10, 0), "10baseT/Half", "10/half"),
        ((0, 0), " ".join(KNOWN), f"auto ({' '.join(KNOWN)})"),
        ((2500, 1), None, ""),
    ],
)
def test_a_speed_is_the_modes_of_the_driver_that_have_it(
    asked: tuple[int, int], offered: str | None, words: str
) -> None:
    found = DRIVER_SETTINGS["speed"].resolve(asked, modes("TP", *KNOWN))

    assert found == offered
    assert found is None or DRIVER_SETTINGS["speed"].words(found) == words
    assert found is None or DRIVER_SETTINGS["speed"].words(str(found)) == words


def test_modes_that_were_offered_are_offered_again_and_no_plug_is_touched() -> None:
    before = modes("Autoneg", "TP", "10baseT/Full", "1000baseT/Full")
    was = DRIVER_SETTINGS["speed"].decode(before)
    body = change("speed", 7, was, modes("TP", "100baseT/Full"))
    again = decode(body, 0, len(body))

    assert was == "10baseT/Full 1000baseT/Full"
    assert DRIVER_SETTINGS["speed"].decode(again) == was
    assert b"TP\0" not in body


def test_a_speed_that_was_forced_is_forced_again() -> None:
    shown = modes(autoneg=False) | {5: (100).to_bytes(4, "little"), 6: b"\1"}
    was = DRIVER_SETTINGS["speed"].decode(shown)
    body = change("speed", 7, was, {})

    assert was == LinkModes("forced 100 1")
    assert DRIVER_SETTINGS["speed"].decode(decode(body, 0, len(body))) == was


@given(st.dictionaries(st.integers(1, 9), st.binary(max_size=40)))
def test_garbage_is_malformed_or_nothing(shown: dict[int, bytes]) -> None:
    for setting in DRIVER_SETTINGS.values():
        with contextlib.suppress(Malformed):
            setting.decode(shown)
