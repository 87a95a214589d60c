"""How a DHCP client calls itself: the same name on each link of a machine, and after each boot.

Source: RFC 8415 section 11 (DUID-LL), RFC 6355 (DUID-UUID), RFC 4361 (its use in DHCPv4), machine-id(5).
"""

import hmac
from uuid import UUID

_LL = b"\0\3"
_UUID = b"\0\4"
_ETHERNET = b"\0\1"
_NODE_SPECIFIC = b"\xff"  # type of a DHCPv4 client id
_PURPOSE = b"netstrata: DUID of this machine"
_IAID_BYTES = 4


def duid_of(machine_id: bytes, mac: bytes) -> bytes:
    """Return a machine's DUID: made from its id, which it does not tell; without one, from a link's MAC.

    Shapes: machine_id is 16 bytes, or empty.
    """
    if len(machine_id) != 16:
        return _LL + _ETHERNET + mac
    digest = hmac.digest(machine_id, _PURPOSE, "sha256")
    return _UUID + UUID(bytes=digest[:16], version=4).bytes


def iaid_of(mac: bytes) -> bytes:
    """Return the number of a link: the end of its MAC, which no two links of a machine have alike."""
    return mac[-_IAID_BYTES:]


def client_id_of(duid: bytes, iaid: bytes) -> bytes:
    """Return the client id of a DHCPv4 client that has a DUID."""
    return _NODE_SPECIFIC + iaid + duid
