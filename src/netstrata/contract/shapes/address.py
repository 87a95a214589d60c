"""The shapes of what statements say of IPv6 addresses: iproute2's words.  Source: ip-address(8)."""

from typing import Annotated, Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import NO_OPTIONS, Options, OptionsShape
from netstrata.contract.shapes.common import IPV6_NETWORK, Network
from netstrata.contract.shapes.link import SWITCH
from netstrata.values import List, Map, Refused, Value

DETECTION: Final = {"nodad": SWITCH, "optimistic": SWITCH, "wait": SWITCH}  # what only an IPv6 address has

ADDRESS6_OPTIONS = OptionsShape(
    "options of an IPv6 address", DETECTION,
    ('["wait": "off"]', '["nodad": "on"]', "[]"), ('["wait": "5"]', '["dad": "off"]', "{}"),
)  # fmt: skip


def check_detection(options: Options, argument: int) -> None:
    """See that what is said of the check goes together.

    Raises: Refused.
    """
    if options.get("nodad") and options.get("optimistic"):
        raise Refused("`nodad` asks nobody, and `optimistic` does: take one of them", argument=argument)


class Address6(NamedTuple):
    """An address in its network, and what else is said of it."""

    network: Network
    options: Options = NO_OPTIONS


def _parts(value: Value) -> tuple[Value, Value | None]:
    """Return what says the network, and the options, if there are any."""
    items = value.elements() if isinstance(value, List) else []
    if len(items) < 2 or not isinstance(items[-1], Map):
        return value, None
    return items[0] if len(items) == 2 else List(items[:-1]), items[-1]


def _address(value: Value) -> Address6 | None:
    written, options = _parts(value)
    network = IPV6_NETWORK.read(written)
    found = ADDRESS6_OPTIONS.read(options) if options is not None else NO_OPTIONS
    return Address6(network, found) if network is not None and found is not None else None


def _write_address(address: Address6) -> Value:
    network = IPV6_NETWORK.write(address.network)
    return List([network, ADDRESS6_OPTIONS.write(address.options)]) if address.options else network


def _explain(value: Value) -> Refused | None:
    written, options = _parts(value)
    if options is None or IPV6_NETWORK.read(written) is None:
        return None
    return ADDRESS6_OPTIONS.refusal(0, options)


ADDRESS6 = Shape[Address6](
    "an IPv6 network", f"{IPV6_NETWORK.means}, then perhaps {ADDRESS6_OPTIONS.means}", _address, _write_address,
    ('"2001:db8::1/64"',), ('"2001:db8::"', '"2001:db8::1/129"', "[]"), (1, 3), explain=_explain,
)  # fmt: skip
Ipv6Address = Annotated[Address6, ADDRESS6]


def _kind(value: Value) -> str | None:
    word = value.decode("latin-1") if isinstance(value, bytes) else ""
    return word if word in ("any", "stable", "temporary") else None


ADDRESS_KIND = Shape[str](
    "a kind of address", "any, stable or temporary", _kind, lambda kind: kind.encode(), ('"stable"', '"any"'),
    ('"private"', "{}"),
)  # fmt: skip
AddressKind = Annotated[str, ADDRESS_KIND]
