"""Policy rules of either family, marked with our own protocol number.

The kernel takes two rules that differ only in that number for two, so what is there is read before one is added; while
we listen, one reading serves until the event loop's next turn.
"""

from netstrata.contract import Holder
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
from netstrata.protocols.rtnetlink.rules import NOT_SUPPRESSED
from netstrata.system.netlink.held import Held, Hold
from netstrata.system.netlink.monitor import Loss, Monitor, Subscriber
from netstrata.system.netlink.refusals import GONE, RULE_WORDS, network_words, reason_of, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable, mask_bits

_GROUPS = {4: RTNLGRP_IPV4_RULE, 6: RTNLGRP_IPV6_RULE}
_FAMILIES = {4: AF_INET, 6: AF_INET6}


class HeldRule(Held):
    """A rule that is held."""

    __slots__ = ("asked", "rule")

    def __init__(self, ours: bool, rule: Rule, asked: RuleMessage) -> None:
        super().__init__(ours)
        self.rule = rule
        self.asked = asked


class NetlinkRules(Subscriber):
    """The `Rules` port over rtnetlink."""

    __slots__ = ("_held", "_monitor", "_requests", "_snapshots", "_suspects")

    def __init__(self, requests: RequestSocket, monitor: Monitor) -> None:
        self._requests = requests
        self._monitor = monitor
        self._held: dict[RuleMessage, HeldRule] = {}
        self._suspects: dict[RuleMessage, None] = {}
        self._snapshots: dict[int, set[RuleMessage]] = {}
        monitor.tell(self, RTM_NEWRULE, RTM_DELRULE)

    def held_rule(self, rule: Rule) -> Hold[Rule, HeldRule]:
        """Put a rule into the kernel's list."""
        return Hold(self, rule)

    def hold(self, wish: Rule, who: Holder | None) -> HeldRule:
        """Add a rule, if it is not there."""
        asked = _message(wish)
        if who is not None:
            self._monitor.join(_GROUPS[wish.family])
        held = self._held.get(asked)
        if held is None:
            there = asked in self._present(asked.family)
            if not there:
                answer = self._requests.request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, encode_rule(asked))
                if answer is not None:
                    if who is not None:
                        self._monitor.leave(_GROUPS[wish.family])
                    raise refused(f"add rule {words(wish)}", answer, RULE_WORDS)
            held = self._held[asked] = HeldRule(not there, wish, asked)
        held.add(who)
        return held

    def release(self, held: HeldRule, who: Holder | None) -> None:
        """Delete a rule if the last one leaves who held it, and it was not there before."""
        if who is not None:
            self._monitor.leave(_GROUPS[held.rule.family])
        if not held.remove(who) or held.gone:
            return
        del self._held[held.asked]
        if held.ours:
            self._snapshots.get(held.asked.family, set()).discard(held.asked)
            answer = self._requests.request(RTM_DELRULE, 0, encode_rule(held.asked))
            if answer is not None and answer.errno not in GONE and who is not None:
                who.note(f"cannot delete rule {words(held.rule)}: {reason_of(answer, RULE_WORDS)}; ignoring")

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        self._snapshots.clear()
        if kind == RTM_DELRULE:
            asked = _as_asked(decode_rule(data, start, end))
            if asked in self._held:
                self._suspects[asked] = None

    def overrun(self) -> None:
        """Note that everything may be different."""
        self._suspects.update(dict.fromkeys(self._held))

    def settle(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        suspects, self._suspects = [asked for asked in self._suspects if asked in self._held], {}
        losses: list[Loss] = []
        complete = True
        for family in {asked.family for asked in suspects}:
            there, all_read = self._read(family)
            complete = complete and all_read
            for asked in suspects:
                if asked.family != family or asked in there:
                    continue
                if not all_read:
                    self._suspects[asked] = None
                    continue
                held = self._held.pop(asked)
                held.gone = True
                reason = Unavailable(f"hold rule {words(held.rule)}", "someone removed it")
                losses += [Loss(holder, reason) for holder in held.holders]
        return losses, complete

    def _present(self, family: int) -> set[RuleMessage]:
        """Return the rules that are there, or were when they were read in this turn of the event loop."""
        found = self._snapshots.get(family)
        if found is None:
            found = self._read(family)[0]
            if self._snapshots or self._monitor.soon(self._snapshots.clear):
                self._snapshots[family] = found
        return found

    def _read(self, family: int) -> tuple[set[RuleMessage], bool]:
        """Return the rules that are there, as they would be asked for, and whether these are all."""
        dump = self._requests.dump(RTM_GETRULE, ask_rules(family))
        found: set[RuleMessage] = set()
        try:
            for data in dump.datagrams:
                for one in messages(data, len(data)):
                    if one.type == RTM_NEWRULE:
                        found.add(_as_asked(decode_rule(data, one.start, one.end)))
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
        ROUTE_KINDS[rule.kind],
        rule.table if rule.kind == "unicast" else 0,
        suppressed if suppressed >= 0 else NOT_SUPPRESSED,
        RTPROT_NETSTRATA,
        False,
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
    if rule.mask:
        parts += ["fwmark", f"{rule.mark:#x}" if rule.mask == 0xFFFFFFFF else f"{rule.mark:#x}/{rule.mask:#x}"]
    for word, name in (("iif", rule.iif), ("oif", rule.oif)):
        if name:
            parts += [word, name]
    if rule.users is not None:
        parts += ["uidrange", f"{rule.users[0]}-{rule.users[1]}"]
    return " ".join([*parts, f"lookup {rule.table}" if rule.kind == "unicast" else rule.kind])
