"""The shapes of rules and chains of packet filters."""

from typing import Annotated, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.shapes.common import COMMAND, WORD
from netstrata.values import List, Value

WORDS_MOST = 250


class FilterRule(NamedTuple):
    """A rule as the command line of iptables has it, after the table."""

    table: bytes
    chain: bytes
    words: tuple[bytes, ...]


class FilterChain(NamedTuple):
    """A chain and its table."""

    table: bytes
    chain: bytes


def _words(value: Value) -> list[bytes] | None:
    """Read words none of which is two lines to who lists the rules: iptables-save(8) and -S print them as they are."""
    words = COMMAND.read(value)
    return None if words is None or any(b"\n" in word for word in words) else words


def _rule(value: Value) -> FilterRule | None:
    words = _words(value)
    if words is None or len(words) < 2:
        return None
    return FilterRule(words[0], words[1], tuple(words[2:]))


def _write_rule(rule: FilterRule) -> Value:
    return List([rule.table, rule.chain, *rule.words])


def _chain(value: Value) -> FilterChain | None:
    if isinstance(value, bytes):
        chain = WORD.read(value)
        return FilterChain(b"filter", chain) if chain is not None and b"\n" not in chain else None
    words = _words(value)
    return FilterChain(words[0], words[1]) if words is not None and len(words) == 2 else None


def _write_chain(chain: FilterChain) -> Value:
    return List([chain.table, chain.chain])


FILTER_RULE = Shape[FilterRule](
    "a rule", "a table, a chain and the rule's words, without NUL and line feed, as arguments or as one list of them",
    _rule, _write_rule, ('{"filter", "INPUT", "-j", "ACCEPT"}',),
    ('"filter"', '{"filter"}', '{"nat", "X", {}}', r'{"filter", "INPUT", "-m", "comment", "--comment", "a\nb"}'),
    (1, WORDS_MOST),
)  # fmt: skip
FILTER_CHAIN = Shape[FilterChain](
    "a chain", "a table and a chain, without NUL and line feed; the chain alone is one of the table filter",
    _chain, _write_chain, ('"GUESTS"', '{"nat", "GUESTS"}'), ("{}", r'"\0"', r'"a\nb"'), (1, 2),
)  # fmt: skip

Rule = Annotated[FilterRule, FILTER_RULE]
Chain = Annotated[FilterChain, FILTER_CHAIN]
