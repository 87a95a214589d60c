"""Statements that are up only if an address is outside of a network: net.ipv4.ifnot_addr_in_network, and for IPv6."""

from typing import Any

from netstrata.contract import Shape
from netstrata.contract.shapes.common import IPV4, IPV4_NETWORK, IPV6, IPV6_NETWORK, TRUTH
from netstrata.engine.process import Statement
from netstrata.engine.structure import gives, structure, takes
from netstrata.values import FALSE, Value, mask_bits


class IfOutside(Statement):
    """Up only if an address is not inside of a network; otherwise down for good."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Look once."""
        address, network = self.declaration.bind(values)
        if mask_bits(address, network.prefix) != mask_bits(network.address, network.prefix):
            self.up()

    def variable(self, name: str) -> Value | None:
        """Return, under the empty name, that the address is not inside."""
        return None if name else FALSE


def _declare(family: str, address: Shape[Any], network: Shape[Any], stranger: str, home: str) -> None:
    structure(
        f"net.{family}.ifnot_addr_in_network",
        IfOutside,
        takes(("address", address), ("network", network)),
        f"""Go on only if an address is not inside a network; otherwise wait, for good.

        Example:
            net.{family}.ifnot_addr_in_network("{stranger}", "{home}");
            println("it is a stranger");  # it is a stranger
        """,
        gives(value_=TRUTH),
    )


_declare("ipv4", IPV4, IPV4_NETWORK, "198.51.100.7", "192.0.2.0/24")
_declare("ipv6", IPV6, IPV6_NETWORK, "2001:db8:1::7", "2001:db8::/64")
