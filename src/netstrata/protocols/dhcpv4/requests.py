"""What a DHCPv4 client says, message by message.

Source: RFC 2131 section 4.4.1, table 5.
"""

from netstrata.protocols.dhcpv4 import message
from netstrata.protocols.dhcpv4 import options as option
from netstrata.protocols.dhcpv4.message import EVERYWHERE, NOWHERE, Message, encode
from netstrata.protocols.dhcpv4.states import Client, Grant, Rebinding, Rebooting, Renewing, Requesting, Selecting, Send

_ASKED_FOR = bytes(
    (
        option.MASK,
        option.CLASSLESS_ROUTES,
        option.ROUTERS,
        option.DNS_SERVERS,
        option.DOMAIN,
        option.SEARCH,
        option.HOSTNAME,
        option.MTU,
        option.NTP_SERVERS,
        option.STATIC_ROUTES,
        option.MICROSOFT_ROUTES,
        option.CAPTIVE_PORTAL,
        option.LEASE_SECONDS,
        option.T1,
        option.T2,
    )
)
_BROADCAST = 0x8000  # answer to everybody: RFC 2131 section 2, figure 2
_SIZE_LEAST = 576  # RFC 2132 section 9.10


def _ask(client: Client, kind: int, xid: int, secs: int, extra: dict[int, bytes], source: bytes = NOWHERE) -> bytes:
    """Return a message that wants an answer."""
    options = {option.MESSAGE_TYPE: bytes((kind,))}
    options.update(extra)
    options[option.MAXIMUM_SIZE] = max(_SIZE_LEAST, min(client.mtu, 0xFFFF)).to_bytes(2, "big")
    options[option.PARAMETER_LIST] = _wanted(client)
    options.update(client.sent)
    flags = _BROADCAST if client.broadcast and source == NOWHERE else 0
    return encode(Message(message.BOOTREQUEST, xid, client.mac, options, secs, flags, client=source))


def _wanted(client: Client) -> bytes:
    """Return the options that are asked for.

    Source: RFC 4702 section 3.1 (an FQDN is answered if it is asked for); RFC 8925 section 3.2.
    """
    also = {option.FQDN: option.FQDN in dict(client.sent), option.IPV6_ONLY: client.ipv6_only}
    asked_for = client.asked_for or _ASKED_FOR
    return asked_for + bytes(code for code, wanted in also.items() if wanted and code not in asked_for)


def _tell(client: Client, kind: int, grant: Grant, extra: dict[int, bytes], xid: int, source: bytes) -> bytes:
    """Return a message that wants none."""
    options = {option.MESSAGE_TYPE: bytes((kind,)), option.SERVER_ID: grant.server}
    options.update(extra)
    if client.client_id:
        options[option.CLIENT_ID] = client.client_id
    return encode(Message(message.BOOTREQUEST, xid, client.mac, options, client=source))


def passed(began: float, now: float) -> int:
    """Return what `secs` says: for how long a client has been asking."""
    return min(0xFFFF, max(0, int(now - began)))


def _to_all(payload: bytes, source: bytes = NOWHERE) -> Send:
    return Send(payload, source, EVERYWHERE, b"")


def discover(client: Client, state: Selecting) -> Send:
    """Ask everybody for an address, best the one wanted."""
    extra = {option.REQUESTED_ADDRESS: state.wanted} if state.wanted else {}
    return _to_all(_ask(client, message.DISCOVER, state.xid, state.secs, extra))


def request_offer(client: Client, state: Requesting) -> Send:
    """Take one server's offer, and tell the others so."""
    extra = {option.REQUESTED_ADDRESS: state.address, option.SERVER_ID: state.server}
    return _to_all(_ask(client, message.REQUEST, state.xid, state.secs, extra))


def request_again(client: Client, state: Rebooting, now: float) -> Send:
    """Ask whether an address of before is still ours."""
    extra = {option.REQUESTED_ADDRESS: state.address}
    return _to_all(_ask(client, message.REQUEST, state.xid, passed(state.began, now), extra))


def renew(client: Client, state: Renewing) -> Send:
    """Ask the server that granted a lease for more time: from the address, to the sender of the ACK."""
    grant = state.grant
    payload = _ask(client, message.REQUEST, state.xid, passed(state.began, state.asked), {}, grant.address)
    return Send(payload, grant.address, grant.server, grant.server_mac)


def rebind(client: Client, state: Rebinding) -> Send:
    """Ask everybody for more time."""
    address = state.grant.address
    return _to_all(_ask(client, message.REQUEST, state.xid, passed(state.began, state.asked), {}, address), address)


def decline(client: Client, xid: int, grant: Grant) -> Send:
    """Say that somebody else is using the address."""
    return _to_all(_tell(client, message.DECLINE, grant, {option.REQUESTED_ADDRESS: grant.address}, xid, NOWHERE))


def release(client: Client, xid: int, grant: Grant) -> Send:
    """Give the address back."""
    payload = _tell(client, message.RELEASE, grant, {}, xid, grant.address)
    return Send(payload, grant.address, grant.server, grant.server_mac)
