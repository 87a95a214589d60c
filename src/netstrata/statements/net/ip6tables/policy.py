"""net.ip6tables.policy: what an IPv6 chain does with what none of its rules decides."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Word
from netstrata.ports import Ports


@configures("net.ip6tables.policy", layer=4)
async def policy(ports: Ports, table: Word, chain: Word, target: Word, revert_target: Word) -> Up[None]:
    """Set the policy of a chain; set the other one on the way back.

    Example:
        net.ip6tables.policy("filter", "FORWARD", "DROP", "ACCEPT");

    Source: ip6tables(8), -P; NCD, net.ip6tables.policy.
    """
    async with ports.filters.held_policy("ip6tables", table, chain, target, revert_target):
        yield
