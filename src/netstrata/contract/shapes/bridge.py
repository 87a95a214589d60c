"""The shapes of what statements say of a bridge's VLANs and ways.  Source: bridge(8)."""

from itertools import pairwise
from typing import Annotated

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import LINK
from netstrata.contract.shapes.link import ADDRESS, SWITCH, whole
from netstrata.values import Value

_VID = whole("a VLAN id", 1, 4094)
_Ranges = tuple[tuple[int, int], ...]  # first and last, in order, none twice


def _range(text: bytes) -> tuple[int, int] | None:
    first, dash, last = (part.strip() for part in text.partition(b"-"))
    least, most = _VID.read(first), _VID.read(last if dash else first)
    return (least, most) if least is not None and most is not None and least <= most else None


def _ranges(value: Value) -> _Ranges | None:
    if not isinstance(value, bytes):
        return None
    found: list[tuple[int, int]] = []
    for text in value.split(b","):
        one = _range(text)
        if one is None:
            return None
        found.append(one)
    found.sort()
    apart = all(before[1] < after[0] for before, after in pairwise(found))
    return tuple(found) if apart else None


def _write(ranges: _Ranges) -> Value:
    return b",".join(b"%d" % first if first == last else b"%d-%d" % (first, last) for first, last in ranges)


VLAN_RANGES = Shape[_Ranges](
    "VLANs", "such as 10 or 10,20-30: ids from 1 to 4094, none twice", _ranges, _write,
    ('"10"', '"10, 20-30"', '"4094"'), ('"0"', '"4095"', '"30-20"', '"10,5-10"', '"10,"', '""', "{}"),
)  # fmt: skip
BRIDGE_VLAN_OPTIONS = OptionsShape(
    "bridge VLAN options", {"pvid": SWITCH, "untagged": SWITCH}, ('["pvid": "on", "untagged": "on"]', "[]"),
    ('["pvid": "10"]', '["tagged": "on"]', "{}"),
)  # fmt: skip
FDB_OPTIONS = OptionsShape(
    "options of a way",
    {"dst": ADDRESS, "port": whole("a port", 1, 65535), "via": LINK, "vlan": _VID, "vni": whole("an id", 1, 2**24 - 1)},
    ('["dst": "192.0.2.2", "vni": "42"]', '["vlan": "10"]', "[]"), ('["dst": "eth0"]', '["vlan": "0"]', "{}"),
)  # fmt: skip

VlanRanges = Annotated[_Ranges, VLAN_RANGES]
BridgeVlanOptions = Annotated[Options, BRIDGE_VLAN_OPTIONS]
FdbOptions = Annotated[Options, FDB_OPTIONS]
