"""varlink's messages as bytes."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.control.varlink import LONGEST, Frames, Malformed, encode_call, encode_reply, read_call


def taken(frames: Frames, data: bytes) -> list[dict[str, Any]]:
    """Return the messages that are complete when some bytes have come."""
    frames.add(data)
    return list(iter(frames.take, None))


def test_messages_are_found_wherever_the_bytes_are_cut() -> None:
    data = encode_reply({"a": 1}) + encode_reply({"b": "\0"}) + encode_reply({})

    for cut in range(len(data)):
        frames = Frames()
        found = taken(frames, data[:cut]) + taken(frames, data[cut:])
        assert [message["parameters"] for message in found] == [{"a": 1}, {"b": "\0"}, {}]


@pytest.mark.parametrize("data", [b"{\0", b"[]\0", b"\0", b"\xff\xfe\0", b"1\0", b"[" * 100_000 + b"\0"])
def test_what_is_no_message_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        taken(Frames(), data)


def test_a_message_that_never_ends_is_malformed_before_it_fills_the_memory() -> None:
    frames = Frames()
    for _ in range(LONGEST // 1000):
        taken(frames, b"x" * 1000)

    with pytest.raises(Malformed, match="longer than"):
        taken(frames, b"x" * 1000)


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    try:
        for message in taken(Frames(), data):
            read_call(message)
    except Malformed:
        pass


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=5
    ).flatmap(lambda value: st.dictionaries(st.text(), st.just(value), max_size=3))
)
def test_any_json_object_is_a_call_or_malformed(message: dict[str, object]) -> None:
    with contextlib.suppress(Malformed):
        read_call(message)


def test_a_call_keeps_what_it_says() -> None:
    [message] = taken(Frames(), encode_call("a.b.C", {"x": 1}, more=True))

    call = read_call(message)

    assert (call.method, call.parameters, call.more, call.oneway) == ("a.b.C", {"x": 1}, True, False)
    assert json.loads(encode_call("a.b.C", {})[:-1]) == {"method": "a.b.C", "parameters": {}}
