"""What a client says of itself and wishes, as options that each of its questions bears."""

from netstrata.contract.shapes.dhcp_client import DhcpOptions
from netstrata.protocols.dhcpv4 import options as option

_SERVER_UPDATES = 0x01  # the server is to write the name into the DNS
_ENCODED = 0x04  # as names are in DNS messages


def said_of(options: DhcpOptions) -> tuple[tuple[int, bytes], ...]:
    """Return the options, in the order in which they are sent; those that a program sends by number win."""
    said = {
        option.HOSTNAME: options.hostname,
        option.VENDOR_CLASS: options.vendor_class,
        option.CLIENT_ID: options.client_id,
        option.USER_CLASS: write_classes(options.user_class),
        option.FQDN: write_fqdn(options.fqdn),
        option.LEASE_SECONDS: options.lease_time.to_bytes(4, "big") if options.lease_time else b"",
    }
    said.update(options.send)
    return tuple((code, value) for code, value in said.items() if value)


def write_classes(classes: tuple[bytes, ...]) -> bytes:
    """Return a user class option, in which each class has its length before it (RFC 3004 section 4)."""
    return b"".join(bytes((len(each),)) + each for each in classes)


def write_fqdn(name: bytes) -> bytes:
    """Return a client FQDN option; a name without a dot is a part of one, which has no end (RFC 4702 section 2.3)."""
    if not name:
        return b""
    labels = name.removesuffix(b".").split(b".")
    end = b"\0" if b"." in name else b""
    return bytes((_SERVER_UPDATES | _ENCODED, 0, 0)) + write_classes(tuple(labels)) + end
