"""net.rule: which packets are looked up in which routing table."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Network
from netstrata.contract.shapes.route import RuleOptions, family_of
from netstrata.ports import Ports, Rule
from netstrata.values import Refused

_ANY = Network(b"", 0)


@configures("net.rule", layer=3)
async def rule(ports: Ports, options: RuleOptions) -> Up[None]:
    """Hold a policy rule; the same rule that was there before stays on the way back.

    Without `table` it looks up main.  Its family is that of its networks; without networks it is inet, if not said.

    Example:
        net.rule(["priority": "100", "from": "192.0.2.0/24", "table": "7"]);
        net.rule(["priority": "200", "fwmark": "0x1/0xff", "family": "inet6", "table": "7"]);
        net.rule(["priority": "300", "iif": "guest0", "type": "prohibit"]);

    Source: ip-rule(8).
    """
    of, to = options.get("from", _ANY), options.get("to", _ANY)
    named = family_of(of.address, to.address)
    family = options.get("family", named or 4)
    if (of.address or to.address) and named != family:
        raise Refused("`from`, `to` and `family` have to be of one family", argument=0)
    mark, mask = options.get("fwmark", (0, 0))
    held = Rule(
        *(family, options["priority"], of.address, of.prefix, to.address, to.prefix),
        *(options.get("iif", ""), options.get("oif", ""), mark, mask, options.get("uidrange")),
        *(bool(options.get("not")), options.get("type", "unicast"), options.get("table", 254)),
        options.get("suppress_prefixlength", -1),
    )
    async with ports.rules.held_rule(held):
        yield
