"""Trees of values: what a tree is after any changes, what reading it costs, and how deep it may be."""

import random

import pytest

from netstrata.engine.structures.values.branches import Elements, Entries, node_of
from netstrata.engine.structures.values.nodes import Branch, Node
from netstrata.language.valuetext import format_value, parse_value
from netstrata.testing.play import Play
from netstrata.values import DEPTH_LIMIT, List, Map, Refused, Value


class Plain:
    """The same tree without sharing and without memory: read from scratch each time."""

    def __init__(self, value: Value) -> None:
        self.parent: Plain | None = None
        self.text = value if isinstance(value, bytes) else b""
        self.items: list[Plain] | None = None
        self.entries: dict[Value, Plain] | None = None
        if isinstance(value, List):
            self.items = [self.below(element) for element in value.elements()]
        elif isinstance(value, Map):
            self.entries = {key: self.below(element) for key, element in value.entries.items()}

    def below(self, value: Value) -> "Plain":
        child = Plain(value)
        child.parent = self
        return child

    def value(self) -> Value:
        if self.items is not None:
            return List([child.value() for child in self.items])
        if self.entries is not None:
            return Map({key: child.value() for key, child in self.entries.items()})
        return self.text

    def place_of(self, child: "Plain") -> Value:
        if self.items is not None:
            return b"%d" % next(at for at, other in enumerate(self.items) if other is child)
        assert self.entries is not None
        return next(key for key, other in self.entries.items() if other is child)

    def put(self, place: Value, value: Value) -> "Plain":
        child = self.below(value)
        if self.items is not None:
            assert isinstance(place, bytes)
            self.items[int(place) : int(place) + 1] = [child]
        else:
            assert self.entries is not None
            self.entries[place] = child
        return child


class Pair:
    """One node of both trees, held."""

    def __init__(self, node: Node, plain: Plain) -> None:
        self.node = node
        self.plain = plain
        node.holders += 1


WORDS = [b"a", b"b", b"1", b"0", b""]


def some_value(chance: random.Random, depth: int = 0) -> Value:
    kind = chance.randrange(4) if depth < 3 else 0
    if kind == 1:
        return List([some_value(chance, depth + 1) for _ in range(chance.randrange(4))])
    if kind == 2:
        return Map({chance.choice(WORDS): some_value(chance, depth + 1) for _ in range(chance.randrange(4))})
    return chance.choice(WORDS)


def some_place(chance: random.Random, plain: Plain, beyond: int) -> Value | None:
    if plain.items is not None:
        return b"%d" % chance.randrange(len(plain.items) + beyond) if len(plain.items) + beyond else None
    if plain.entries is None:
        return None
    known = list(plain.entries) if not beyond else [*plain.entries, *WORDS]
    return chance.choice(known) if known else None


def child_at(plain: Plain, place: Value) -> Plain:
    if plain.items is not None:
        assert isinstance(place, bytes)
        return plain.items[int(place)]
    assert plain.entries is not None
    return plain.entries[place]


def get(chance: random.Random, pair: Pair) -> Pair | None:
    place = some_place(chance, pair.plain, 0)
    return Pair(pair.node.get(place), child_at(pair.plain, place)) if place is not None else None


def replace(chance: random.Random, pair: Pair) -> Pair | None:
    place = some_place(chance, pair.plain, 1)
    if place is None:
        return None
    value = some_value(chance)
    node = node_of(value)
    pair.node.replace(place, node)
    return Pair(node, pair.plain.put(place, value))


def insert(chance: random.Random, pair: Pair) -> Pair | None:
    if pair.plain.items is None:
        return replace(chance, pair)
    at = chance.randrange(len(pair.plain.items) + 1)
    value = some_value(chance)
    node = node_of(value)
    pair.node.insert(b"%d" % at, node)
    child = pair.plain.below(value)
    pair.plain.items.insert(at, child)
    return Pair(node, child)


def append(chance: random.Random, pair: Pair) -> None:
    if pair.plain.items is not None:
        value = some_value(chance)
        pair.node.append(value)
        pair.plain.items.append(pair.plain.below(value))
    elif pair.plain.entries is None:
        pair.node.append(b"+")
        pair.plain.text += b"+"


def remove(chance: random.Random, pair: Pair) -> None:
    place = some_place(chance, pair.plain, 0)
    if place is None:
        return
    pair.node.remove(place)
    child_at(pair.plain, place).parent = None
    if pair.plain.items is not None:
        assert isinstance(place, bytes)
        del pair.plain.items[int(place)]
    else:
        assert pair.plain.entries is not None
        del pair.plain.entries[place]


def replace_this(chance: random.Random, pair: Pair) -> Pair | None:
    parent = pair.plain.parent
    if not isinstance(pair.node.parent, Branch) or parent is None:
        return None
    value = some_value(chance)
    node = node_of(value)
    pair.node.parent.exchange(pair.node, node)
    child = parent.put(parent.place_of(pair.plain), value)
    pair.plain.parent = None
    return Pair(node, child)


@pytest.mark.parametrize("seed", range(60))
def test_a_tree_reads_as_one_that_is_put_together_from_scratch_each_time(seed: int) -> None:
    chance = random.Random(seed)
    start = some_value(chance)
    pairs = [Pair(node_of(start), Plain(start))]
    read: list[tuple[Value, bytes]] = []

    for _ in range(300):
        act = chance.choice([get, get, replace, insert, insert, append, append, remove, replace_this])
        made = act(chance, chance.choice(pairs))
        if made is not None:
            pairs.append(made)
        if len(pairs) > 12:
            pairs.pop(chance.randrange(1, len(pairs))).node.let_go()
        seen = chance.choice(pairs)
        value = seen.node.value(1000)
        assert value is not None
        assert format_value(value) == format_value(seen.plain.value())
        assert value.depth == seen.plain.value().depth if not isinstance(value, bytes) else True  # type: ignore[union-attr]
        read.append((value, format_value(value)))

    assert [text for value, text in read if format_value(value) != text] == []


def test_a_list_that_grows_shares_its_storage_with_what_was_read() -> None:
    tree = Elements(None, List([]))
    tree.append(b"a")
    first = tree.value()
    tree.append(b"b")

    second = tree.value()

    assert isinstance(first, List)
    assert isinstance(second, List)
    assert second.items is first.items
    assert (first, second) == (List([b"a"]), List([b"a", b"b"]))


def test_a_map_that_grows_does_not_change_what_was_read() -> None:
    tree = Entries(None, Map({}))
    tree.replace(b"k", node_of(b"v"))
    first = tree.value()

    tree.replace(b"l", node_of(b"w"))
    tree.replace(b"k", node_of(b"x"))

    assert first == Map({b"k": b"v"})
    assert tree.value() == Map({b"k": b"x", b"l": b"w"})


def chain(length: int) -> tuple[Node, list[Node]]:
    top = node_of(List([]))
    top.holders += 1
    nodes = [top]
    for _ in range(length):
        below = node_of(List([]))
        nodes[-1].insert(b"0", below)
        nodes.append(below)
    return top, nodes


def test_a_tree_may_be_deeper_than_a_value() -> None:
    top, nodes = chain(20_000)

    assert top.value() is None
    assert nodes[-1 - DEPTH_LIMIT].value() is not None
    assert nodes[-2 - DEPTH_LIMIT].value() is None


def test_a_tree_that_was_too_deep_can_be_read_when_it_is_not_any_more() -> None:
    top, nodes = chain(DEPTH_LIMIT + 1)
    assert top.value() is None

    nodes[-2].remove(b"0")

    value = top.value()
    assert isinstance(value, List)
    assert value.depth == DEPTH_LIMIT


def test_deep_trees_can_be_deleted_and_can_disappear() -> None:
    top, nodes = chain(20_000)
    nodes[-1].holders += 1

    nodes[1].delete()
    top.let_go()

    assert nodes[-1].deleted
    other, more = chain(20_000)
    more[-1].holders += 1
    other.let_go()
    assert more[-1].parent is None
    assert not more[-1].deleted


def test_a_child_outlives_its_tree_and_stands_alone_then() -> None:
    tree = node_of(List([List([b"a"]), b"b"]))
    tree.holders += 1
    child = tree.get(b"0")
    child.holders += 1

    tree.let_go()

    assert child.parent is None
    assert child.value() == List([b"a"])


def test_what_cannot_be_inserted_changes_nothing() -> None:
    tree = node_of(List([b"a"]))
    before = tree.value()

    for place in (b"2", b"-1", b"x", List([])):
        with pytest.raises(Refused):
            tree.insert(place, node_of(b"new"))

    assert tree.value() is before


def test_a_foreach_over_a_list_that_grows_takes_the_elements_that_were_there() -> None:
    for name in ("list", "value"):
        argument = '"a", "b"' if name == "list" else '{"a", "b"}'

        play = Play(f'process main {{ {name}({argument}) l; Foreach (l As e) {{ l->append("x"); print(e); }}; }}')

        assert play.output == "ab"


def test_a_value_that_was_read_stays_as_it_was() -> None:
    play = Play("""process main {
        list({"deep"}) l;
        var(l) before;
        l->append({{"deeper"}});
        l->shift();
        l->remove_at("0");
        l->append("flat");
        println(@encode_value({before, l}));
    }""")

    assert play.output == '{{{"deep"}}, {"flat"}}\n'
    assert parse_value(play.output.encode()) is not None
