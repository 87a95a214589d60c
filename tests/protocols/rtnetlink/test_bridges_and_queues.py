"""VLANs and ways of bridges, and queues: there and back, and garbage."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols.rtnetlink import Malformed, decode_vlans, encode_vlan, vlan_link
from netstrata.protocols.rtnetlink.bridge_vlans import PVID, UNTAGGED, VlanEntry
from netstrata.protocols.rtnetlink.forwarding import ForwardingEntry, decode_forwarding, encode_forwarding
from netstrata.protocols.rtnetlink.queues import (
    INGRESS_FILTERS,
    OUR_HANDLE,
    TC_H_ROOT,
    Queue,
    burst_of,
    decode_queue,
    encode_class,
    encode_police,
    encode_queue,
    is_police,
)
from netstrata.protocols.rtnetlink.wire import attribute, nest

MAC = bytes.fromhex("020000000a09")
WAYS = [
    ForwardingEntry(7, MAC),
    ForwardingEntry(7, MAC, vlan=10),
    ForwardingEntry(7, bytes(6), bytes((192, 0, 2, 2))),
    ForwardingEntry(7, MAC, bytes(15) + b"\1", 4790, 43, 9),
]


@pytest.mark.parametrize("flags", [0, PVID, UNTAGGED, PVID | UNTAGGED])
def test_a_vlan_is_read_as_it_is_written(flags: int) -> None:
    body = encode_vlan(7, 4094, flags)

    assert (vlan_link(body, 0, len(body)), list(decode_vlans(body, 0, len(body)))) == (7, [VlanEntry(4094, flags)])


def test_a_range_is_all_its_vlans() -> None:
    # As Linux 6.1 answers RTM_GETVLAN after `bridge vlan add dev va vid 10-12 untagged`.
    body = bytes((7, 0, 0, 0)) + (7).to_bytes(4, "little") + nest(1, (1, b"\4\0\12\0"), (2, b"\14\0"), (3, b"\3"))

    assert list(decode_vlans(body, 0, len(body))) == [VlanEntry(vid, UNTAGGED) for vid in (10, 11, 12)]


@pytest.mark.parametrize("way", WAYS)
def test_a_way_is_read_as_it_is_written(way: ForwardingEntry) -> None:
    body = encode_forwarding(way)

    assert decode_forwarding(body, 0, len(body)) == way


@pytest.mark.parametrize("rate", [1000, 2_500_000, 2**32 - 1, 12_500_000_000, 125 * 10**9])
def test_a_rate_is_read_as_it_is_written_however_large(rate: int) -> None:
    cake, tbf = (encode_queue(7, TC_H_ROOT, OUR_HANDLE, kind, rate) for kind in ("cake", "tbf"))
    htb, police = encode_class(7, OUR_HANDLE, rate), encode_police(7, rate)

    for body, kind in ((cake, "cake"), (tbf, "tbf")):
        assert decode_queue(body, 0, len(body)) == Queue(7, OUR_HANDLE, TC_H_ROOT, 0, kind, rate)
    assert decode_queue(htb, 0, len(htb)) == Queue(7, OUR_HANDLE | 1, OUR_HANDLE, 0, "htb", rate)
    found = decode_queue(police, 0, len(police))
    assert (found.kind, found.parent, found.rate, is_police(found)) == ("matchall", INGRESS_FILTERS, rate, True)
    assert burst_of(rate) >= 140_000


@given(st.binary(max_size=60), st.sampled_from(["cake", "tbf", "htb", "matchall", "fq_codel"]))
def test_garbage_is_malformed_or_nothing(garbage: bytes, kind: str) -> None:
    queue = encode_queue(7, TC_H_ROOT, OUR_HANDLE, "fq_codel")[:20] + attribute(1, kind.encode() + b"\0")
    for data in (garbage, queue + garbage, queue + attribute(2, garbage)):
        with contextlib.suppress(Malformed):
            decode_queue(data, 0, len(data))
    for data in (garbage, encode_vlan(7, 1)[:8] + garbage, encode_vlan(7, 1)[:8] + attribute(1, garbage)):
        with contextlib.suppress(Malformed):
            list(decode_vlans(data, 0, len(data)))
    for data in (garbage, encode_forwarding(WAYS[0])[:12] + garbage):
        with contextlib.suppress(Malformed):
            decode_forwarding(data, 0, len(data))
