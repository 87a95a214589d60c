"""net.nft.insert: a rule of nftables before others."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.nft import Comment, Family, NftName, RuleText
from netstrata.ports import NftThing, Ports


@configures("net.nft.insert", layer=4)
async def insert(
    ports: Ports, family: Family, table: NftName, chain: NftName, rule: RuleText, before: Comment = ""
) -> Up[None]:
    """Insert a rule before the one with a comment, or before all rules of a chain; delete it on the way back.

    If somebody else deletes it, the statement goes down and makes it again.

    Example:
        net.nft.table("inet", "guard");
        net.nft.chain("inet", "guard", "input", ["type": "filter", "hook": "input", "priority": "0"]);
        net.nft.rule("inet", "guard", "input", "drop comment \\"the rest\\"");
        net.nft.insert("inet", "guard", "input", "tcp dport 22 accept", "the rest");
        net.nft.insert("inet", "guard", "input", "iif lo accept");

    Source: nft(8), RULES.
    """
    async with ports.nftables.held(NftThing("rule", family, table, chain, rule, before=before)):
        yield
