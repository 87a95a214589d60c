"""Messages about policy rules of either family.  Source: rtnetlink(7), ip-rule(8), linux/fib_rules.h."""

from struct import Struct
from typing import Final, NamedTuple

from netstrata.protocols.rtnetlink.constants import AF_INET
from netstrata.protocols.rtnetlink.rule_conditions import is_said
from netstrata.protocols.rtnetlink.wire import U32, Malformed, Octets, attribute, attributes, text_of, u32_of

FIBRULE = Struct("=BBBBBBBBI")  # family, dst_len, src_len, tos, table, two unused, action, flags
_USERS = Struct("=II")
FRA_DST: Final = 1
FRA_SRC: Final = 2
FRA_IIFNAME: Final = 3
FRA_PRIORITY: Final = 6
FRA_FWMARK: Final = 10
FRA_SUPPRESS_PREFIXLEN: Final = 14
FRA_TABLE: Final = 15
FRA_FWMASK: Final = 16
FRA_OIFNAME: Final = 17
FRA_UID_RANGE: Final = 20
FRA_PROTOCOL: Final = 21
FIB_RULE_INVERT: Final = 2
FR_ACT_TO_TBL: Final = 1
FR_ACT_GOTO: Final = 2
NOT_SUPPRESSED: Final = 0xFFFFFFFF


class RuleMessage(NamedTuple):
    """A rule as an RTM_NEWRULE or RTM_DELRULE tells it.  Addresses are packed, b"" where there is none."""

    family: int
    priority: int
    source: bytes
    source_prefix: int
    destination: bytes
    destination_prefix: int
    iif: str
    oif: str
    mark: int
    mask: int
    users: tuple[int, int] | None
    inverted: bool
    action: int  # FR_ACT_TO_TBL, or what is done without looking up
    table: int  # 0 if nothing is looked up
    suppress_prefixlength: int  # NOT_SUPPRESSED if it is not
    protocol: int
    tos: int = 0
    more: tuple[tuple[int, bytes], ...] = ()  # all else that it says, by attribute: see `rule_conditions`


def encode_rule(rule: RuleMessage) -> bytes:
    """Return the body of an RTM_NEWRULE or RTM_DELRULE."""
    short = rule.table if rule.table < 256 else 0
    flags = FIB_RULE_INVERT if rule.inverted else 0
    start = rule.family, rule.destination_prefix, rule.source_prefix, rule.tos, short, 0, 0, rule.action, flags
    body: bytes = FIBRULE.pack(*start) + attribute(FRA_PRIORITY, U32.pack(rule.priority))
    body += attribute(FRA_PROTOCOL, bytes([rule.protocol]))
    if rule.table:
        body += attribute(FRA_TABLE, U32.pack(rule.table))
    if rule.source_prefix:
        body += attribute(FRA_SRC, rule.source)
    if rule.destination_prefix:
        body += attribute(FRA_DST, rule.destination)
    for what, name in ((FRA_IIFNAME, rule.iif), (FRA_OIFNAME, rule.oif)):
        if name:
            body += attribute(what, name.encode("utf-8", "surrogateescape") + b"\0")
    if rule.mask:
        body += attribute(FRA_FWMARK, U32.pack(rule.mark)) + attribute(FRA_FWMASK, U32.pack(rule.mask))
    if rule.users is not None:
        body += attribute(FRA_UID_RANGE, _USERS.pack(*rule.users))
    if rule.suppress_prefixlength != NOT_SUPPRESSED:
        body += attribute(FRA_SUPPRESS_PREFIXLEN, U32.pack(rule.suppress_prefixlength))
    return body + b"".join(attribute(what, value) for what, value in rule.more)


def ask_rules(family: int) -> bytes:
    """Return the body of an RTM_GETRULE dump."""
    return FIBRULE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)


def decode_rule(data: Octets, start: int, end: int) -> RuleMessage:
    """Read the body of a message about a rule.

    Raises: Malformed.
    """
    if end - start < 12:
        raise Malformed(f"a rule in {end - start} bytes")
    family, to, of, tos, table, _, _, action, flags = FIBRULE.unpack_from(data, start)
    source = destination = b""
    iif = oif = ""
    numbers = {FRA_PRIORITY: 0, FRA_FWMARK: 0, FRA_FWMASK: 0, FRA_TABLE: table, FRA_SUPPRESS_PREFIXLEN: NOT_SUPPRESSED}
    users: tuple[int, int] | None = None
    protocol = 0
    more: dict[int, bytes] = {}
    for what, value, stop in attributes(data, start + 12, end):
        if what in numbers:
            numbers[what] = u32_of(data, value, stop)
        elif what == FRA_SRC:
            source = bytes(data[value:stop])
        elif what == FRA_DST:
            destination = bytes(data[value:stop])
        elif what == FRA_IIFNAME:
            iif = text_of(data, value, stop)
        elif what == FRA_OIFNAME:
            oif = text_of(data, value, stop)
        elif what == FRA_UID_RANGE and stop - value >= 8:
            users = _USERS.unpack_from(data, value)
        elif what == FRA_PROTOCOL and stop > value:
            protocol = data[value]
        elif is_said(what, said := bytes(data[value:stop])):
            more[what] = said
    size = 4 if family == AF_INET else 16
    if any(address and len(address) != size for address in (source, destination)) or max(to, of) > 8 * size:
        raise Malformed(f"a rule with prefix lengths {of} and {to} in family {family}")
    inverted = bool(flags & FIB_RULE_INVERT)
    return RuleMessage(
        family, numbers[FRA_PRIORITY], source, of, destination, to, iif, oif, numbers[FRA_FWMARK],
        numbers[FRA_FWMASK], users, inverted, action, numbers[FRA_TABLE] if action == FR_ACT_TO_TBL else 0,
        numbers[FRA_SUPPRESS_PREFIXLEN], protocol, tos, tuple(sorted(more.items())),
    )  # fmt: skip
