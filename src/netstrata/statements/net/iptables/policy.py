"""net.iptables.policy: what an IPv4 chain does with what none of its rules decides."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Word
from netstrata.ports import Ports


@configures("net.iptables.policy", layer=4)
async def policy(ports: Ports, table: Word, chain: Word, target: Word, revert_target: Word) -> Up[None]:
    """Set the policy of a chain; set the other one on the way back.

    Example:
        net.iptables.policy("filter", "FORWARD", "DROP", "ACCEPT");

    Source: iptables(8), -P; NCD, net.iptables.policy.
    """
    async with ports.filters.held_policy("iptables", table, chain, target, revert_target):
        yield
