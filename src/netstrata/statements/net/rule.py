"""net.rule: which packets are looked up in which routing table."""

from netstrata.contract import Up, configures
from netstrata.contract.options import Options
from netstrata.contract.shapes.common import Network
from netstrata.contract.shapes.route import family_of
from netstrata.ports import Ports, Rule
from netstrata.protocols.rtnetlink.rule_conditions import CONDITIONS, RuleOptions
from netstrata.values import Refused

_ANY = Network(b"", 0)
_TOS4_MOST = 0x1C  # Linux 6.18: `Invalid tos`; IPv6 takes all of it


@configures("net.rule", layer=3)
async def rule(ports: Ports, options: RuleOptions) -> Up[None]:
    """Hold a policy rule; the same rule that was there before stays on the way back.

    Without `table` it looks up main, with `l3mdev` the table of the VRF, and with `goto` none: it goes on with the rule
    of that priority, which is greater than its own.  Its family is that of its networks; without networks it is inet,
    if not said.

    Example:
        net.rule(["priority": "100", "from": "192.0.2.0/24", "table": "7"]);
        net.rule(["priority": "200", "fwmark": "0x1/0xff", "family": "inet6", "table": "7"]);
        net.rule(["priority": "300", "iif": "guest0", "type": "prohibit"]);
        net.rule(["priority": "400", "ipproto": "tcp", "dport": "80-88", "goto": "500"]);

    Source: ip-rule(8).
    """
    of, to = options.get("from", _ANY), options.get("to", _ANY)
    named = family_of(of.address, to.address)
    family = options.get("family", named or 4)
    if (of.address or to.address) and named != family:
        raise Refused("`from`, `to` and `family` have to be of one family", argument=0)
    kind, table = _end(options)
    if family == 4 and options.get("tos", 0) > _TOS4_MOST:
        raise Refused("of IPv4 packets a rule sees no `tos` above 0x1c", argument=0, within=(b"tos",))
    mark, mask = options.get("fwmark", (0, 0))
    held = Rule(
        *(family, options["priority"], of.address, of.prefix, to.address, to.prefix),
        *(options.get("iif", ""), options.get("oif", ""), mark, mask, options.get("uidrange")),
        *(bool(options.get("not")), kind, table),
        *(options.get("suppress_prefixlength", -1), options.get("tos", 0)),
        more={word: options[word] for word in CONDITIONS if word in options},
    )
    async with ports.rules.held_rule(held):
        yield


def _end(options: Options) -> tuple[str, int | str]:
    """Return what a rule does, and with which table, 0 for none."""
    goto, l3mdev = "goto" in options, options.get("l3mdev", 0)
    if sum((goto, bool(l3mdev), "table" in options or "type" in options)) > 1:
        raise Refused("a rule has one of `table`, `type`, `goto` and `l3mdev`", argument=0)
    if goto and options["goto"] <= options["priority"]:
        raise Refused("`goto` needs a rule behind this one, of a greater priority", argument=0)
    if goto or l3mdev:
        return "goto" if goto else "unicast", 0
    return options.get("type", "unicast"), options.get("table", 254)
