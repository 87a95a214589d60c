"""What a DHCPv6 client calls itself on a link, the same after each restart, without a file of its own.

Source: RFC 8415 sections 11.4 (DUID-LL), 11.5 (DUID-UUID) and 12 (IAID).
"""

import hashlib
from zlib import crc32

from netstrata.ports import Dhcpv6Options
from netstrata.values import Unavailable

_DUID_LL, _DUID_UUID = b"\0\3", b"\0\4"
_ETHERNET = b"\0\1"
_MACHINE_ID = "/etc/machine-id"


def duid_of(link: str, mac: bytes, options: Dhcpv6Options) -> bytes:
    """Return the client's name: of its Ethernet address, or of the machine's id on a link that has none.

    Raises: Unavailable if there is no such id.
    """
    if options.duid:
        return options.duid
    if mac:
        return _DUID_LL + _ETHERNET + mac
    try:
        with open(_MACHINE_ID, "rb") as file:
            machine = file.read(64).strip()
    except OSError as error:
        operation, reason = f"ask for a lease on {link}", f"it has no Ethernet address, and {_MACHINE_ID} is not there"
        raise Unavailable(operation, f'{reason}: give it a "duid"', error.errno or 0) from None
    # The id itself is a secret of the machine's: machine-id(5).
    return _DUID_UUID + hashlib.sha256(b"netstrata DHCPv6 " + machine).digest()[:16]


def iaid_of(link: str, options: Dhcpv6Options) -> int:
    """Return the number of what is asked for on a link: links with one Ethernet address have different ones."""
    return options.iaid if options.iaid is not None else crc32(link.encode("utf-8", "surrogateescape"))
