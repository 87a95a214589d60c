"""parse_…: text read as a number, a value or an address, without failing if it is none."""

from typing import Annotated, NamedTuple

from netstrata.contract import computes
from netstrata.contract.shapes.common import (
    ANY,
    IPV4,
    IPV4_NETWORK,
    IPV6,
    IPV6_NETWORK,
    NUMBER,
    PREFIX4,
    PREFIX6,
    Network,
    Text,
    Truth,
)
from netstrata.language.valuetext import parse_value as value_of_text
from netstrata.values import Value, parse_ipv4, parse_ipv6
from netstrata.values import parse_number as number_of_text
from netstrata.values.addresses import parse_hex_number as number_of_hex


class FoundNumber(NamedTuple):
    """A number, if the text is one."""

    succeeded: Truth
    value_: Annotated[int, NUMBER] | None


class FoundValue(NamedTuple):
    """A value, if the text is one."""

    succeeded: Truth
    value_: Annotated[Value, ANY] | None


class FoundIpv4(NamedTuple):
    """An IPv4 address, if the text is one."""

    succeeded: Truth
    value_: Annotated[bytes, IPV4] | None


class FoundIpv6(NamedTuple):
    """An IPv6 address, if the text is one."""

    succeeded: Truth
    value_: Annotated[bytes, IPV6] | None


class FoundIpv4Network(NamedTuple):
    """An IPv4 address with a prefix length, if the text is that."""

    succeeded: Truth
    value_: Annotated[Network, IPV4_NETWORK] | None
    addr: Annotated[bytes, IPV4] | None
    prefix: Annotated[int, PREFIX4] | None


class FoundIpv6Network(NamedTuple):
    """An IPv6 address with a prefix length, if the text is that."""

    succeeded: Truth
    value_: Annotated[Network, IPV6_NETWORK] | None
    addr: Annotated[bytes, IPV6] | None
    prefix: Annotated[int, PREFIX6] | None


@computes("parse_number")
def parse_number(text: Text) -> FoundNumber:
    """Read a whole number in decimal digits; `succeeded` says whether it is that, and only then there is a value.

    Example:
        parse_number("007") n;
        println(n.succeeded, " ", n);  # true 7

    Source: NCD, parse_number.
    """
    found = number_of_text(text)
    return FoundNumber(found is not None, found)


@computes("parse_hex_number")
def parse_hex_number(text: Text) -> FoundNumber:
    """Read a whole number in hexadecimal digits; `succeeded` says whether it is that, and only then there is a value.

    Example:
        parse_hex_number("00ff") n;
        println(n.succeeded, " ", n);  # true 255

    Source: NCD, parse_hex_number.
    """
    found = number_of_hex(text)
    return FoundNumber(found is not None, found)


@computes("parse_value")
def parse_value(text: Text) -> FoundValue:
    """Read the text form of a value; `succeeded` says whether it is that, and only then there is a value.

    Example:
        parse_value("{ \\"a\\" }") v;
        println(v.succeeded, " ", @encode_value(v));  # true {"a"}

    Source: NCD, parse_value.
    """
    found = value_of_text(text)
    return FoundValue(found is not None, found)


@computes("parse_ipv4_addr")
def parse_ipv4_addr(text: Text) -> FoundIpv4:
    """Read an IPv4 address; `succeeded` says whether it is that, and only then there is a value.

    Example:
        parse_ipv4_addr("192.000.2.01") n;
        println(n.succeeded, " ", n);  # true 192.0.2.1

    Source: NCD, parse_ipv4_addr.
    """
    found = parse_ipv4(text)
    return FoundIpv4(found is not None, found)


@computes("parse_ipv6_addr")
def parse_ipv6_addr(text: Text) -> FoundIpv6:
    """Read an IPv6 address; `succeeded` says whether it is that, and only then there is a value.

    Example:
        parse_ipv6_addr("2001:DB8::0:1") n;
        println(n.succeeded, " ", n);  # true 2001:db8::1

    Source: NCD, parse_ipv6_addr.
    """
    found = parse_ipv6(text)
    return FoundIpv6(found is not None, found)


@computes("parse_ipv4_cidr_addr")
def parse_ipv4_cidr_addr(text: Text) -> FoundIpv4Network:
    """Read an IPv4 address with a prefix length; `succeeded` says whether it is that.

    Example:
        parse_ipv4_cidr_addr("192.0.2.1/024") n;
        println(n, " ", n.addr, " ", n.prefix);  # 192.0.2.1/24 192.0.2.1 24

    Source: NCD, parse_ipv4_cidr_addr.
    """
    found = IPV4_NETWORK.read(text)
    if found is None:
        return FoundIpv4Network(False, None, None, None)
    return FoundIpv4Network(True, found, found.address, found.prefix)


@computes("parse_ipv6_cidr_addr")
def parse_ipv6_cidr_addr(text: Text) -> FoundIpv6Network:
    """Read an IPv6 address with a prefix length; `succeeded` says whether it is that.

    Example:
        parse_ipv6_cidr_addr("2001:DB8::1/064") n;
        println(n, " ", n.addr, " ", n.prefix);  # 2001:db8::1/64 2001:db8::1 64

    Source: NCD, parse_ipv6_cidr_addr.
    """
    found = IPV6_NETWORK.read(text)
    if found is None:
        return FoundIpv6Network(False, None, None, None)
    return FoundIpv6Network(True, found, found.address, found.prefix)
