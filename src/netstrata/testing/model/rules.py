"""Policy rules of the model, and which route they lead to.  Source: net/core/fib_rules.c."""

import errno
from collections.abc import Iterator

from netstrata.protocols.rtnetlink import RouteMessage, RuleMessage, decode_rule
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    NLM_F_EXCL,
    RTM_DELRULE,
    RTM_NEWRULE,
    RTN_BLACKHOLE,
    RTN_PROHIBIT,
    RTN_THROW,
    RTN_UNREACHABLE,
    RTNLGRP_IPV4_RULE,
    RTNLGRP_IPV6_RULE,
)
from netstrata.protocols.rtnetlink.rule_conditions import CONDITIONS
from netstrata.protocols.rtnetlink.rules import (
    FIBRULE,
    FR_ACT_TO_TBL,
    FRA_DST,
    FRA_FWMARK,
    FRA_FWMASK,
    FRA_IIFNAME,
    FRA_OIFNAME,
    FRA_PRIORITY,
    FRA_PROTOCOL,
    FRA_SRC,
    FRA_SUPPRESS_PREFIXLEN,
    FRA_TABLE,
    FRA_UID_RANGE,
    NOT_SUPPRESSED,
)
from netstrata.protocols.rtnetlink.wire import U32
from netstrata.testing.model.messages import Attributes, Notify, NotModelled, Refusal, Request, number, packed
from netstrata.testing.model.routes import Routes
from netstrata.testing.model.routes4 import Routes4
from netstrata.testing.model.routes6 import Routes6
from netstrata.values import mask_bits

_KNOWN = (
    FRA_DST, FRA_SRC, FRA_IIFNAME, FRA_OIFNAME, FRA_PRIORITY, FRA_FWMARK, FRA_FWMASK, FRA_TABLE, FRA_PROTOCOL,
    FRA_SUPPRESS_PREFIXLEN, FRA_UID_RANGE, *(row.attribute for row in CONDITIONS.values()),
)  # fmt: skip
_GROUPS = {AF_INET: RTNLGRP_IPV4_RULE, AF_INET6: RTNLGRP_IPV6_RULE}
_ERRORS = {RTN_BLACKHOLE: errno.EINVAL, RTN_UNREACHABLE: errno.EHOSTUNREACH, RTN_PROHIBIT: errno.EACCES}
_TABLE_IN_HEADER = 4  # its place


class ModelRule:
    """A rule, which never changes: the header and the attributes it was made with, the kernel's own beside them."""

    def __init__(self, header: bytes, given: Attributes) -> None:
        table = _table(header, given)
        short = bytes([table if table < 256 else 252])
        self._header = header[:_TABLE_IN_HEADER] + short + header[_TABLE_IN_HEADER + 1 :]
        self.given: Attributes = {
            FRA_TABLE: U32.pack(table),
            FRA_SUPPRESS_PREFIXLEN: U32.pack(NOT_SUPPRESSED),
            FRA_PROTOCOL: b"\0",
            **given,
        }
        if FRA_FWMARK in given:
            self.given.setdefault(FRA_FWMASK, U32.pack(0xFFFFFFFF))
        self.priority = number(self.given.get(FRA_PRIORITY, b""))  # where it stands; the least is asked first
        self._body = self._header + packed(self.given)
        self._read = decode_rule(self._body, 0, len(self._body))

    def body(self) -> bytes:
        """Return the body of a message about it."""
        return self._body

    def read(self) -> RuleMessage:
        """Return what it says."""
        return self._read

    def is_same(self, other: "ModelRule") -> bool:
        """Say whether two rules say the same."""
        return self._header == other._header and self.given == other.given

    def has(self, header: bytes, given: Attributes) -> bool:
        """Say whether all that is said of a rule is true of it."""
        own = self.read()
        if any(self.given.get(kind) != value for kind, value in given.items()):
            return False
        asked = decode_rule(header + packed(given), 0, len(header) + len(packed(given)))
        return (
            (own.source_prefix, own.destination_prefix) == (asked.source_prefix, asked.destination_prefix)
            and asked.action in (0, own.action)
            and _table(header, given) in (0, own.table)
            and own.inverted == asked.inverted
        )


class Rules:
    """The rules of both families."""

    def __init__(self, routes4: Routes4, routes6: Routes6, notify: Notify) -> None:
        self._routes: dict[int, Routes] = {AF_INET: routes4, AF_INET6: routes6}
        self._notify = notify
        self.of_family: dict[int, list[ModelRule]] = {}
        for family, tables in ((AF_INET, {0: 255, 32766: 254, 32767: 253}), (AF_INET6, {0: 255, 32766: 254})):
            self.of_family[family] = [
                ModelRule(
                    FIBRULE.pack(family, 0, 0, 0, table, 0, 0, FR_ACT_TO_TBL, 0),
                    {FRA_PROTOCOL: b"\2"} | ({FRA_PRIORITY: U32.pack(priority)} if priority else {}),
                )
                for priority, table in tables.items()
            ]

    def dump(self, request: Request) -> list[bytes]:
        """Return the bodies of the rules of a family, or of both."""
        request.attributes(FIBRULE.size, ())
        family = request.body[0]
        return [rule.body() for one, rules in self.of_family.items() if family in (0, one) for rule in rules]

    def new(self, request: Request) -> None:
        """Add a rule."""
        header, given = self._asked(request)
        rules = self.of_family[header[0]]
        if FRA_PRIORITY not in given:
            given[FRA_PRIORITY] = U32.pack(max(rules[1].priority - 1, 0) if len(rules) > 1 else 0)
        rule = ModelRule(header, given)
        if request.flags & NLM_F_EXCL and any(rule.is_same(one) for one in rules):
            raise Refusal(errno.EEXIST)
        if header[0] == AF_INET6:  # which makes the table that a rule looks up, to stay
            self._routes[AF_INET6].tables.setdefault(_table(header, given), {})
        rules.insert(sum(one.priority <= rule.priority for one in rules), rule)
        self._tell(RTM_NEWRULE, rule, request)

    def delete(self, request: Request) -> None:
        """Delete the first rule of which all is true that is said."""
        header, given = self._asked(request)
        for rule in self.of_family[header[0]]:
            if rule.has(header, given):
                self.of_family[header[0]].remove(rule)
                self._tell(RTM_DELRULE, rule, request)
                return
        raise Refusal(errno.ENOENT)

    def look_up(self, family: int, address: bytes, ifindex: int = 0) -> RouteMessage:
        """Return the route that counts for packets of this host to an address, over one link or any.

        Raises: Refusal if there is none, or one that says no.
        """
        routes = self._routes[family]
        for rule in self._leading(family, address):
            if rule.action != FR_ACT_TO_TBL:
                raise Refusal(_ERRORS[rule.action])
            for route in routes.match(rule.table, address):
                if ifindex not in (0, route.ifindex):
                    continue
                if route.type == RTN_THROW:
                    break
                if route.type in _ERRORS:
                    raise Refusal(_ERRORS[route.type])
                if rule.suppress_prefixlength != NOT_SUPPRESSED and route.prefix <= rule.suppress_prefixlength:
                    break
                return route
        raise Refusal(errno.ENETUNREACH)

    def _leading(self, family: int, address: bytes) -> Iterator[RuleMessage]:
        """Yield the rules that are about packets from no address, by no link and without a mark."""
        for one in self.of_family[family]:
            rule = one.read()
            if rule.more or rule.tos:
                raise NotModelled("a way by a rule about more than addresses, links and marks")
            to = mask_bits(address, rule.destination_prefix) == rule.destination if rule.destination_prefix else True
            by = rule.iif in ("", "lo") and not rule.oif
            marked = not rule.mask or rule.mark == 0
            own = rule.users is None or rule.users[0] == 0
            if (to and by and marked and own and not rule.source_prefix) != rule.inverted:
                yield rule

    def _asked(self, request: Request) -> tuple[bytes, Attributes]:
        given = request.attributes(FIBRULE.size, _KNOWN)
        header = request.body[: FIBRULE.size]
        if header[0] not in self.of_family:
            raise NotModelled(f"rules of family {header[0]}")
        return header, given

    def _tell(self, kind: int, rule: ModelRule, request: Request) -> None:
        group = _GROUPS[rule.body()[0]]
        self._notify(group, kind, rule.body(), 0, request.sequence, request.port)


def _table(header: bytes, given: Attributes) -> int:
    return number(given.get(FRA_TABLE, header[_TABLE_IN_HEADER : _TABLE_IN_HEADER + 1]))
