"""net.ebtables.policy: what a bridge chain does with what none of its rules decides."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Word
from netstrata.ports import Ports


@configures("net.ebtables.policy", layer=4)
async def policy(ports: Ports, table: Word, chain: Word, target: Word, revert_target: Word) -> Up[None]:
    """Set the policy of a chain; set the other one on the way back.

    Example:
        net.ebtables.policy("filter", "FORWARD", "DROP", "ACCEPT");

    Source: ebtables(8), -P; NCD, net.ebtables.policy.
    """
    async with ports.filters.held_policy("ebtables", table, chain, target, revert_target):
        yield
