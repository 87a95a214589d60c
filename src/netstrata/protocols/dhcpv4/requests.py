"""What a DHCPv4 client says, message by message.

Source: RFC 2131 section 4.4.1, table 5.
"""

from netstrata.protocols.dhcpv4 import message
from netstrata.protocols.dhcpv4 import options as option
from netstrata.protocols.dhcpv4.message import EVERYWHERE, NOWHERE, Message, encode
from netstrata.protocols.dhcpv4.states import Client, Grant, Requesting, Send

_ASKED_FOR = bytes(
    (
        option.MASK,
        option.CLASSLESS_ROUTES,
        option.ROUTERS,
        option.DNS_SERVERS,
        option.DOMAIN,
        option.LEASE_SECONDS,
        option.T1,
        option.T2,
    )
)
_SIZE_LEAST = 576  # RFC 2132 section 9.10


def _ask(client: Client, kind: int, xid: int, waited: float, extra: dict[int, bytes], source: bytes = NOWHERE) -> bytes:
    """Return a message that wants an answer."""
    options = {option.MESSAGE_TYPE: bytes((kind,))}
    options.update(extra)
    options[option.MAXIMUM_SIZE] = max(_SIZE_LEAST, min(client.mtu, 0xFFFF)).to_bytes(2, "big")
    options[option.PARAMETER_LIST] = _ASKED_FOR
    if client.hostname:
        options[option.HOSTNAME] = client.hostname
    if client.vendor_class:
        options[option.VENDOR_CLASS] = client.vendor_class
    if client.client_id:
        options[option.CLIENT_ID] = client.client_id
    seconds = max(0, int(waited))
    return encode(Message(message.BOOTREQUEST, xid, client.mac, options, seconds, client=source))


def _tell(client: Client, kind: int, grant: Grant, extra: dict[int, bytes], xid: int, source: bytes) -> bytes:
    """Return a message that wants none."""
    options = {option.MESSAGE_TYPE: bytes((kind,)), option.SERVER_ID: grant.server}
    options.update(extra)
    if client.client_id:
        options[option.CLIENT_ID] = client.client_id
    return encode(Message(message.BOOTREQUEST, xid, client.mac, options, client=source))


def _to_all(payload: bytes, source: bytes = NOWHERE) -> Send:
    return Send(payload, source, EVERYWHERE, b"")


def discover(client: Client, xid: int, waited: float, wanted: bytes) -> Send:
    """Ask everybody for an address, best the one named."""
    extra = {option.REQUESTED_ADDRESS: wanted} if wanted else {}
    return _to_all(_ask(client, message.DISCOVER, xid, waited, extra))


def request_offer(client: Client, state: Requesting, now: float) -> Send:
    """Take one server's offer, and tell the others so."""
    extra = {option.REQUESTED_ADDRESS: state.address, option.SERVER_ID: state.server}
    return _to_all(_ask(client, message.REQUEST, state.xid, now - state.began, extra))


def request_again(client: Client, xid: int, waited: float, address: bytes) -> Send:
    """Ask whether an address of before is still ours."""
    return _to_all(_ask(client, message.REQUEST, xid, waited, {option.REQUESTED_ADDRESS: address}))


def renew(client: Client, xid: int, grant: Grant) -> Send:
    """Ask the server that granted a lease for more time: from the address, to the sender of the ACK."""
    return Send(_ask(client, message.REQUEST, xid, 0, {}, grant.address), grant.address, grant.server, grant.server_mac)


def rebind(client: Client, xid: int, grant: Grant) -> Send:
    """Ask everybody for more time."""
    return _to_all(_ask(client, message.REQUEST, xid, 0, {}, grant.address), grant.address)


def decline(client: Client, xid: int, grant: Grant) -> Send:
    """Say that somebody else is using the address."""
    return _to_all(_tell(client, message.DECLINE, grant, {option.REQUESTED_ADDRESS: grant.address}, xid, NOWHERE))


def release(client: Client, xid: int, grant: Grant) -> Send:
    """Give the address back."""
    payload = _tell(client, message.RELEASE, grant, {}, xid, grant.address)
    return Send(payload, grant.address, grant.server, grant.server_mac)
