"""The shapes of what statements say of IPv6 prefixes that are handed on."""

from typing import Annotated, Final

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import IPV6, IPV6_NETWORK, Network, number_shape
from netstrata.contract.shapes.dhcpv6 import NETWORKS6
from netstrata.values import List, Value

_NETWORK_BYTES: Final = 8


def _read(value: Value) -> list[Network] | None:
    if isinstance(value, List):
        return NETWORKS6.read(value)
    if value == b"":
        return []
    network = IPV6_NETWORK.read(value)
    return [network] if network is not None else None


def _host(value: Value) -> bytes | None:
    address = IPV6.read(value)
    return address if address is not None and not any(address[:_NETWORK_BYTES]) and any(address) else None


PREFIXES6 = Shape[list[Network]](
    "prefixes", 'an IPv6 network, or a list of them, such as {"2001:db8::/56"}: that of a lease, or one of your own',
    _read, NETWORKS6.write, ('"2001:db8::/56"', '{"2001:db8::/56"}', "{}", '""'), ('"2001:db8::"', '{"x"}', "[]"),
)  # fmt: skip
HOST_PART = Shape[bytes](
    "the host's part of an address", "an IPv6 address that begins with 64 bits of zero, such as ::1", _host, IPV6.write,
    ('"::1"', '"::2:0:0:1"'), ('"::"', '"2001:db8::1"', "{}"),
)  # fmt: skip
SUBNET_OPTIONS = OptionsShape(
    "options of a network",
    {"subnet": number_shape("a network's number", "whole, from 0", 0, 2**63 - 1), "host": HOST_PART},
    ('["subnet": "1"]', '["host": "::53"]', "[]"), ('["subnet": "-1"]', '["length": "64"]', "{}"),
)  # fmt: skip

Prefixes6 = Annotated[list[Network], PREFIXES6]
SubnetOptions = Annotated[Options, SUBNET_OPTIONS]
