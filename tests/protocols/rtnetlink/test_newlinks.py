"""Messages about links that are made, and about rules, against pyroute2's codec and against garbage."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from netstrata.contract.options import OptionsShape
from netstrata.contract.shapes import link, tunnels
from netstrata.protocols.rtnetlink import (
    COMMON,
    KINDS,
    PORTS,
    Malformed,
    RuleMessage,
    decode_details,
    decode_rule,
    differing,
    encode_new_link,
    encode_options,
    encode_rule,
    message,
    set_port,
    shows_link,
)
from netstrata.protocols.rtnetlink.constants import IFLA_ADDRESS
from netstrata.protocols.rtnetlink.rules import NOT_SUPPRESSED
from netstrata.protocols.rtnetlink.wire import attribute

SHAPES: list[tuple[OptionsShape, dict[str, Any]]] = [
    (link.BRIDGE_OPTIONS, KINDS["bridge"]),
    (link.BRIDGE_PORT_OPTIONS, PORTS["bridge"]),
    (link.VETH_OPTIONS, COMMON),
    (link.VLAN_OPTIONS, KINDS["vlan"]),
    (link.VXLAN_OPTIONS, KINDS["vxlan"]),
    (link.BOND_OPTIONS, KINDS["bond"]),
    (link.TUN_OPTIONS, KINDS["tun"]),
    (tunnels.IPIP_OPTIONS, KINDS["ipip"]),
    (tunnels.SIT_OPTIONS, KINDS["sit"]),
    (tunnels.IP6TNL_OPTIONS, KINDS["ip6tnl"]),
    (tunnels.XFRM_OPTIONS, KINDS["xfrm"]),
    (tunnels.MACSEC_OPTIONS, KINDS["macsec"]),
]


def theirs(kind: type, body: bytes) -> Any:
    """Decode a body of ours with pyroute2."""
    decoded = kind(message(16, 0, 1, body))
    decoded.decode()
    return decoded


@pytest.mark.parametrize(("shape", "fields"), SHAPES)
def test_the_kernel_has_a_place_for_every_option_that_a_shape_lets_through(
    shape: OptionsShape, fields: dict[str, Any]
) -> None:
    assert set(shape.known) <= set(fields)


@pytest.mark.parametrize(("shape", "fields"), SHAPES)
def test_two_options_never_stand_in_the_same_place_unless_they_are_flags_or_two_names_for_one(
    shape: OptionsShape, fields: dict[str, Any]
) -> None:
    places = [(field.attribute, field.bit) for name, field in fields.items() if name != "group"]

    assert len(places) == len(set(places))


@given(st.integers(1, 16777215), st.binary(min_size=4, max_size=4), st.integers(1, 65535))
def test_a_vxlan_of_ours_says_the_same_to_pyroute2_and_to_us(number: int, remote: bytes, port: int) -> None:
    options: dict[str, Any] = {"id": number, "remote": remote, "dstport": port, "learning": 0}

    data = encode_options(KINDS["vxlan"], options)
    body = encode_new_link("vx0", "vxlan", 7, "", data, {})

    other = theirs(ifinfmsg, body)
    info = other.get_attr("IFLA_LINKINFO")
    assert (other.get_attr("IFLA_IFNAME"), other.get_attr("IFLA_LINK")) == ("vx0", 7)
    assert info.get_attr("IFLA_INFO_KIND") == "vxlan"
    shown = info.get_attr("IFLA_INFO_DATA")
    assert shown.get_attr("IFLA_VXLAN_ID") == number
    assert shown.get_attr("IFLA_VXLAN_PORT") == port
    assert shown.get_attr("IFLA_VXLAN_GROUP") == ".".join(str(part) for part in remote)
    ours = decode_details(body, 0, len(body))
    assert (ours.name, ours.kind, ours.link, ours.data) == ("vx0", "vxlan", 7, data)
    assert differing(KINDS["vxlan"], options, ours.data) == []
    assert differing(KINDS["vxlan"], {**options, "dstport": port ^ 1, "ttl": 3}, ours.data) == ["dstport", "ttl"]


@pytest.mark.parametrize(
    ("name", "kind", "mac", "shown"),
    [
        ("br1", "bridge", "02000000aa01", True),
        ("br", "bridge", "02000000aa01", False),
        ("br11", "bridge", "02000000aa01", False),
        ("br1", "bridg", "02000000aa01", False),
        ("br1", "veth", "02000000aa01", False),
        ("br1", "bridge", "02000000aa02", False),
        ("br1", "bridge", "02000000", False),
    ],
)
def test_a_link_is_known_by_its_name_kind_and_address_and_by_no_part_of_them(
    name: str, kind: str, mac: str, shown: bool
) -> None:
    mine = attribute(IFLA_ADDRESS, bytes.fromhex("02000000aa01"))
    body = encode_new_link("br1", "bridge", 0, "", {}, {}) + mine

    assert shows_link(body, 0, len(body), name, kind, bytes.fromhex(mac)) is shown
    assert not shows_link(body, 0, len(body) - len(mine), name, kind, bytes.fromhex(mac))


def test_flags_of_one_attribute_are_put_together_and_compared_each_for_itself() -> None:
    options = {"gvrp": 1, "reorder_hdr": 0}

    data = encode_options(KINDS["vlan"], options)

    assert data == {2: (2).to_bytes(4, "little") + (3).to_bytes(4, "little")}
    shown = {2: (2 | 8).to_bytes(4, "little") + (2**32 - 1).to_bytes(4, "little")}
    assert differing(KINDS["vlan"], {**options, "mvrp": 0}, shown) == ["mvrp"]


def test_the_options_of_a_port_are_read_back() -> None:
    data = encode_options(PORTS["bridge"], {"cost": 17, "hairpin": 1})

    body = set_port(5, "bridge", data)

    ours = decode_details(body, 0, len(body))
    assert (ours.ifindex, ours.port_kind, ours.port_data) == (5, "bridge", data)
    shown = theirs(ifinfmsg, body).get_attr("IFLA_LINKINFO").get_attr("IFLA_INFO_SLAVE_DATA")
    assert shown.get_attr("IFLA_BRPORT_COST") == 17
    assert shown.get_attr("IFLA_BRPORT_MODE") == 1


@st.composite
def rules(draw: st.DrawFn) -> RuleMessage:
    size = draw(st.sampled_from((4, 16)))
    addresses = st.binary(min_size=size, max_size=size)
    of, to = draw(st.integers(0, 8 * size)), draw(st.integers(0, 8 * size))
    action = draw(st.sampled_from((1, 6, 7, 8)))
    mask = draw(st.integers(0, 2**32 - 1))
    return RuleMessage(
        2 if size == 4 else 10, draw(st.integers(0, 2**32 - 1)), draw(addresses) if of else b"", of,
        draw(addresses) if to else b"", to, draw(st.sampled_from(("", "eth0"))), draw(st.sampled_from(("", "wan"))),
        draw(st.integers(0, 2**32 - 1)) if mask else 0, mask, draw(st.none() | st.just((1000, 1999))),
        draw(st.booleans()), action, draw(st.integers(1, 2**32 - 1)) if action == 1 else 0,
        draw(st.sampled_from((0, 24, NOT_SUPPRESSED))), 110, draw(st.sampled_from((0, 16))),
        draw(st.sampled_from(((), ((13, bytes(4)),), ((22, b"\6"), (24, b"\1\0\2\0"))))),
    )  # fmt: skip


@given(rules())
def test_a_rule_of_ours_says_the_same_to_pyroute2_and_to_us(rule: RuleMessage) -> None:
    body = encode_rule(rule)

    assert decode_rule(body, 0, len(body)) == rule
    other = theirs(fibmsg, body)
    assert (other["family"], other["action"], other["src_len"], other["dst_len"]) == (
        rule.family,
        rule.action,
        rule.source_prefix,
        rule.destination_prefix,
    )
    assert other.get_attr("FRA_PRIORITY") == rule.priority
    assert (other.get_attr("FRA_TABLE") or 0) == rule.table
    assert (other.get_attr("FRA_IIFNAME") or "") == rule.iif
    assert (other.get_attr("FRA_OIFNAME") or "") == rule.oif
    assert (other.get_attr("FRA_FWMASK") or 0) == rule.mask


@given(st.binary(max_size=200))
def test_garbage_is_malformed_or_read_and_nothing_else(data: bytes) -> None:
    for decode in (decode_details, decode_rule):
        with contextlib.suppress(Malformed):
            decode(data, 0, len(data))
