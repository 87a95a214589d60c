"""The request protocol as bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols.requests import ERROR, LONGEST_TEXT, REPLY, REQUEST, Decoder, Message, encode

MESSAGES = st.lists(st.builds(Message, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.binary(max_size=300)))


def test_a_message_has_the_bytes_that_ncd_gives_it() -> None:
    assert encode(Message(REQUEST, 5, b'"ok"')) == bytes.fromhex("0c000500000001000000226f6b22")
    assert encode(Message(ERROR, 7)) == bytes.fromhex("08000700000005000000")


def test_a_message_may_be_as_long_as_allowed_and_no_longer() -> None:
    longest = Message(REPLY, 1, b"x" * LONGEST_TEXT)
    decoder = Decoder()

    assert decoder.feed(encode(longest)) == [longest]
    assert decoder.broken == ""
    assert decoder.feed(b"\x09\x80") == []
    assert decoder.broken == "a message of 32777 bytes, but they have 8 to 32776"


@given(MESSAGES, st.lists(st.integers(0, 5000)))
def test_messages_come_out_as_they_went_in_however_they_are_cut(messages: list[Message], cuts: list[int]) -> None:
    octets = b"".join(map(encode, messages))
    places = sorted({min(cut, len(octets)) for cut in cuts} | {0, len(octets)})
    decoder = Decoder()

    found = [message for start, end in pairwise(places) for message in decoder.feed(octets[start:end])]

    assert found == messages
    assert decoder.broken == ""


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_are_messages_or_are_named_as_broken(pieces: list[bytes]) -> None:
    decoder = Decoder()

    found = [message for piece in pieces for message in decoder.feed(piece)]

    whole = b"".join(map(encode, found))
    assert b"".join(pieces).startswith(whole)
    rest = b"".join(pieces)[len(whole) :]
    announced = int.from_bytes(rest[:2], "little")
    assert bool(decoder.broken) == (len(rest) >= 2 and not 8 <= announced <= 32776)


@pytest.mark.parametrize("length", [0, 7, 32777, 65535])
def test_nothing_is_taken_after_the_stream_is_broken(length: int) -> None:
    decoder = Decoder()
    decoder.feed(length.to_bytes(2, "little"))

    assert decoder.feed(encode(Message(REQUEST, 1, b'"x"'))) == []
    assert decoder.broken.startswith(f"a message of {length} bytes")
