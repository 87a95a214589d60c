"""Input events as bytes, and their names."""

from struct import pack

import pytest

from netstrata.protocols.input_names import EVENT_SIZE, InputEvent, code_name, read_events, type_name


@pytest.mark.parametrize(
    ("type_", "code", "name"),
    [
        (1, 30, b"KEY_A"),
        (1, 2, b"KEY_1"),
        (1, 0x100, b"BTN_0"),
        (1, 0x110, b"BTN_LEFT"),
        (1, 122, b"KEY_HANGUEL"),
        (0, 3, b"SYN_DROPPED"),
        (2, 1, b"REL_Y"),
        (5, 3, b"SW_RADIO"),
        (0x17, 1, b"FF_STATUS_PLAYING"),
        (0x15, 0x50, b"unknown"),
        (1, 0x2FF, b"unknown"),
        (99, 0, b"unknown"),
    ],
)
def test_a_code_is_named_among_those_of_its_type(type_: int, code: int, name: bytes) -> None:
    assert code_name(type_, code) == name


def test_types_are_named() -> None:
    assert [type_name(number) for number in (0, 1, 0x11, 0x1F)] == [b"EV_SYN", b"EV_KEY", b"EV_LED", b"unknown"]


def test_part_of_an_event_is_not_read() -> None:
    octets = pack("@llHHi", 1, 2, 1, 30, -1) + pack("@llHHi", 1, 2, 0, 0, 0)

    assert read_events(octets) == [InputEvent(1, 30, -1), InputEvent(0, 0, 0)]
    assert read_events(octets[: EVENT_SIZE + 5]) == [InputEvent(1, 30, -1)]
