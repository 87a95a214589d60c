"""Policy rules of either family, marked with our own protocol number.

The kernel takes two rules that differ only in that number for two, so what is there is read before one is added; while
we listen, one reading serves until the event loop's next turn.
"""

import errno
from collections.abc import Iterator

from netstrata.ports.kernel import Rule
from netstrata.protocols.rtnetlink import (
    ROUTE_KINDS,
    Malformed,
    RuleMessage,
    ask_rules,
    decode_rule,
    encode_rule,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_DELRULE,
    RTM_GETRULE,
    RTM_NEWRULE,
    RTNLGRP_IPV4_RULE,
    RTNLGRP_IPV6_RULE,
    RTPROT_NETSTRATA,
)
from netstrata.protocols.rtnetlink.rule_conditions import condition_words, encode_conditions
from netstrata.protocols.rtnetlink.rules import FR_ACT_GOTO, NOT_SUPPRESSED
from netstrata.system.held import GONE, NO_RECOVERY, Held, Recovery, Store
from netstrata.system.held.wait_queues import RULE
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.refusals import RULE_WORDS, network_words, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.table_names import table_number
from netstrata.values import Awaited, Unavailable, mask_bits

_GROUPS = {4: RTNLGRP_IPV4_RULE, 6: RTNLGRP_IPV6_RULE}
_FAMILIES = {4: AF_INET, 6: AF_INET6}
_ACTIONS = ROUTE_KINDS | {"goto": FR_ACT_GOTO}


class HeldRule(Held):
    """A rule that is held."""

    __slots__ = ("key", "record", "rule")
    noun = "rule"

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self.rule = rule
        self.key = _message(rule)
        self.record = encode_rule(self.key)

    @property
    def words(self) -> str:
        """The rule as `ip rule` writes it."""
        return words(self.rule)


class NetlinkRules(Store[Rule, HeldRule], Subscriber):
    """The `Rules` port over rtnetlink."""

    __slots__ = ("_monitor", "_requests", "_snapshots")
    kind = "rule"
    bears_mark = True

    def __init__(self, requests: RequestSocket, monitor: Monitor, recovery: Recovery = NO_RECOVERY) -> None:
        super().__init__(recovery)
        self._requests = requests
        self._monitor = monitor
        self._snapshots: dict[int, dict[RuleMessage, int]] = {}
        monitor.subscribe(self, RTM_NEWRULE, RTM_DELRULE)

    def prepare(self, spec: Rule) -> HeldRule:
        """Return the rule as the kernel will show it."""
        return HeldRule(spec._replace(table=table_number(spec.table, self.operation(spec))))

    def operation(self, spec: Rule) -> str:
        """Return what is to be done."""
        return f"add rule {words(spec)}"

    def listen(self, held: HeldRule) -> None:
        """Subscribe to rules of its family."""
        self._monitor.join(_GROUPS[held.rule.family])

    def unlisten(self, held: HeldRule) -> None:
        """Take back one `listen`."""
        self._monitor.leave(_GROUPS[held.rule.family])

    def do(self, held: HeldRule) -> None:
        """Add a rule, if it is not there."""
        there = self._present(held, f"add rule {held.words}")
        if held.key in there:
            held.ours = False
            return
        answer = self._requests.request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, held.record)
        if answer is not None:
            awaits = Awaited(RULE, (held.key.family, held.key.priority))  # there is one that the kernel takes for it
            raise refused(f"add rule {held.words}", answer, RULE_WORDS, awaits)

    def stands(self, held: HeldRule, undo: bytes) -> bool:
        """Say whether a rule is there, with our mark."""
        return self._present(held, f"look for rule {held.words}").get(held.key) == RTPROT_NETSTRATA

    def undo(self, key: bytes, undo: bytes) -> None:
        """Delete a rule; the kernel finds it by our mark, too."""
        rule = decode_rule(key, 0, len(key))
        self._snapshots.get(rule.family, {}).pop(rule, None)
        answer = self._requests.request(RTM_DELRULE, 0, key)
        if answer is not None and answer.errno not in GONE:
            raise refused(f"delete rule {rule.priority}", answer, RULE_WORDS)

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        self._snapshots.clear()
        if kind == RTM_DELRULE:
            held = self.held.get(_as_asked(decode_rule(data, start, end)))
            if held is not None:
                self.suspects[held] = 0

    def on_overrun(self) -> None:
        """Note that everything may be different."""
        super().on_overrun()
        self._snapshots.clear()

    def check(self, suspects: dict[HeldRule, int]) -> Iterator[tuple[HeldRule, Unavailable]]:
        """Read the rules of the families that matter."""
        tables = {family: self._read(family) for family in {held.key.family for held in suspects}}
        for held in suspects:
            there, complete = tables[held.key.family]
            if held.key in there:
                continue
            if not complete:
                self.suspects[held] = 0
                continue
            held.gone = True
            yield held, Unavailable(f"hold rule {held.words}", "someone removed it")

    def _present(self, held: HeldRule, operation: str) -> dict[RuleMessage, int]:
        """Return the rules that are there, or were when they were read in this turn of the event loop.

        Raises: Unavailable if they cannot be read now, and the one that is looked for is not among them.
        """
        family = held.key.family
        found = self._snapshots.get(family)
        if found is None:
            found, complete = self._read(family)
            if not complete and held.key not in found:
                raise Unavailable(operation, "the rules cannot be read now", errno.EAGAIN)
            if not complete:
                return found
            if self._snapshots or self._monitor.soon(self._snapshots.clear):
                self._snapshots[family] = found
        return found

    def _read(self, family: int) -> tuple[dict[RuleMessage, int], bool]:
        """Return the rules that are there, as they would be asked for, with whose each is; and whether these are all.

        Of two that differ only in that, ours counts.
        """
        dump = self._requests.dump(RTM_GETRULE, ask_rules(family))
        found: dict[RuleMessage, int] = {}
        try:
            for data in dump.datagrams:
                for one in messages(data, len(data)):
                    if one.type == RTM_NEWRULE:
                        rule = decode_rule(data, one.start, one.end)
                        asked = _as_asked(rule)
                        if found.get(asked) != RTPROT_NETSTRATA:
                            found[asked] = rule.protocol
        except Malformed:
            return found, False
        return found, dump.complete and dump.answer is None


def _as_asked(rule: RuleMessage) -> RuleMessage:
    """Return a rule without whose it is."""
    return rule._replace(protocol=RTPROT_NETSTRATA)


def _message(rule: Rule) -> RuleMessage:
    source = mask_bits(rule.source, rule.source_prefix) if rule.source_prefix else b""
    destination = mask_bits(rule.destination, rule.destination_prefix) if rule.destination_prefix else b""
    suppressed = rule.suppress_prefixlength
    return RuleMessage(
        _FAMILIES[rule.family],
        rule.priority,
        source,
        rule.source_prefix,
        destination,
        rule.destination_prefix,
        rule.iif,
        rule.oif,
        rule.mark & rule.mask,
        rule.mask,
        rule.users,
        rule.inverted,
        _ACTIONS[rule.kind],
        rule.table if rule.kind == "unicast" and isinstance(rule.table, int) else 0,
        suppressed if suppressed >= 0 else NOT_SUPPRESSED,
        RTPROT_NETSTRATA,
        rule.tos,
        encode_conditions(rule.more),
    )


def words(rule: Rule) -> str:
    """Return a rule as `ip rule` writes it: `100 from 192.0.2.0/24 lookup 7`."""
    parts = [str(rule.priority)]
    if rule.inverted:
        parts.append("not")
    for word, address, prefix in (
        ("from", rule.source, rule.source_prefix),
        ("to", rule.destination, rule.destination_prefix),
    ):
        if prefix:
            parts += [word, network_words(address, prefix)]
    if rule.tos:
        parts += ["tos", f"{rule.tos:#x}"]
    if rule.mask:
        parts += ["fwmark", f"{rule.mark:#x}" if rule.mask == 0xFFFFFFFF else f"{rule.mark:#x}/{rule.mask:#x}"]
    for word, name in (("iif", rule.iif), ("oif", rule.oif)):
        if name:
            parts += [word, name]
    if rule.users is not None:
        parts += ["uidrange", f"{rule.users[0]}-{rule.users[1]}"]
    parts += condition_words(rule.more)
    if rule.table or rule.kind != "unicast":
        parts.append(_end_words(rule))
    if rule.suppress_prefixlength >= 0:
        parts += ["suppress_prefixlength", str(rule.suppress_prefixlength)]
    return " ".join(parts)


def _end_words(rule: Rule) -> str:
    if rule.kind == "unicast":
        return f"lookup {rule.table}"
    return f"goto {rule.more['goto']}" if rule.kind == "goto" else rule.kind
