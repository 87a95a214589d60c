"""What a DHCPv6 client says, message by message.

Source: RFC 8415 section 18.2.
"""

from collections.abc import Iterable

from netstrata.protocols.dhcpv6 import message
from netstrata.protocols.dhcpv6 import options as option
from netstrata.protocols.dhcpv6.message import Granted, Message, encode, write_ia
from netstrata.protocols.dhcpv6.retransmission import Exchange
from netstrata.protocols.dhcpv6.states import Binding, Client, Lease, Send
from netstrata.protocols.foreign_text import write_name

# Never empty: kea does not answer a list without a number.
_ASKED_FOR = (
    option.DNS_SERVERS, option.SEARCH, option.SNTP_SERVERS, option.NTP_SERVERS, option.CAPTIVE_PORTAL,
)  # fmt: skip
_SERVER_UPDATES = 0b001  # the S flag of option 39: the server may write the name into DNS


def ask(
    client: Client,
    kind: int,
    exchange: Exchange,
    wished: Iterable[Granted | Binding] = (),
    server: bytes = b"",
    more: option.Options = (),
) -> Send:
    """Ask for something.

    Shapes: wished are addresses and prefixes; those of a kind that is not asked for are not said.
    """
    said: list[tuple[int, bytes]] = [(option.CLIENT_ID, client.duid)]
    if server:
        said.append((option.SERVER_ID, server))
    said += more
    if kind != message.INFORMATION_REQUEST:
        said += _ias(client, kind, wished)
    said.append((option.ELAPSED, exchange.elapsed.to_bytes(2, "big")))
    if kind not in (message.CONFIRM, message.RELEASE, message.DECLINE):
        said += _of_us(client, kind)
    sent = dict(client.sent)
    said = [one for one in said if one[0] not in sent] + list(client.sent)
    return Send(encode(Message(kind, exchange.xid, tuple(said))))


def solicit(client: Client, exchange: Exchange, wished: Iterable[Granted]) -> Send:
    """Ask all servers what they offer."""
    rapid = ((option.RAPID_COMMIT, b""),) if client.rapid else ()
    return ask(client, message.SOLICIT, exchange, wished, more=rapid)


def give_back(client: Client, exchange: Exchange, lease: Lease) -> Send:
    """Give all of a lease back."""
    return ask(client, message.RELEASE, exchange, lease.bindings, lease.server)


def _ias(client: Client, kind: int, wished: Iterable[Granted | Binding]) -> list[tuple[int, bytes]]:
    """Return what is asked for of each kind.

    What is asked for anew names its length; what is given back, or confirmed, is only what there is.
    """
    addresses = tuple(_plain(one) for one in wished if one.prefix == 128)
    prefixes = tuple(_plain(one) for one in wished if one.prefix != 128)
    grows = kind not in (message.CONFIRM, message.RELEASE, message.DECLINE)
    found: list[tuple[int, bytes]] = []
    if addresses or (client.address and grows):
        found.append(write_ia(option.IA_NA, client.iaid, addresses))
    if kind == message.SOLICIT and client.length and not prefixes:
        prefixes = (Granted(bytes(16), client.length, 0, 0),)
    if prefixes or (client.prefix and grows):
        found.append(write_ia(option.IA_PD, client.iaid, prefixes))
    return found


def _plain(one: Granted | Binding) -> Granted:
    return Granted(one.address, one.prefix, 0, 0)


def _of_us(client: Client, kind: int) -> list[tuple[int, bytes]]:
    """Return who we are, and what else we want to know."""
    numbers = client.asked_for or _ASKED_FOR
    if kind == message.INFORMATION_REQUEST:
        numbers = (*numbers, option.REFRESH_TIME, option.INF_MAX_RT)
    else:
        numbers = (*numbers, option.SOL_MAX_RT)
    if client.hostname:
        numbers = (*numbers, option.FQDN)
    said = [(option.ASKED_FOR, b"".join(number.to_bytes(2, "big") for number in dict.fromkeys(numbers)))]
    if client.hostname:
        name = write_name(client.hostname)
        if b"." not in client.hostname:
            name = name[:-1]  # a part of a name has no end mark: RFC 4704 section 4.2
        said.append((option.FQDN, bytes((_SERVER_UPDATES,)) + name))
    if client.user_class:
        said.append((option.USER_CLASS, len(client.user_class).to_bytes(2, "big") + client.user_class))
    if client.vendor_class is not None:
        enterprise, words = client.vendor_class
        said.append((option.VENDOR_CLASS, enterprise.to_bytes(4, "big") + len(words).to_bytes(2, "big") + words))
    return said
