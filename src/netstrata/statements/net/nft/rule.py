"""net.nft.rule: a rule of nftables."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.nft import Family, NftName, RuleText
from netstrata.ports import NftThing, Ports


@configures("net.nft.rule", layer=4)
async def rule(ports: Ports, family: Family, table: NftName, chain: NftName, rule: RuleText) -> Up[None]:
    """Append a rule to a chain; delete it, and nothing like it, on the way back.

    If somebody else deletes it, the statement goes down and makes it again.

    Example:
        net.nft.table("inet", "guard");
        net.nft.chain("inet", "guard", "input", ["type": "filter", "hook": "input", "priority": "0"]);
        net.nft.rule("inet", "guard", "input", "tcp dport { 22, 80 } accept");
        net.nft.rule("inet", "guard", "input", "ip saddr 192.0.2.0/24 counter drop");

    Source: nft(8), RULES.
    """
    async with ports.nftables.held(NftThing("rule", family, table, chain, rule)):
        yield
