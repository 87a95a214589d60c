"""The three kinds of value: strings (bytes), lists and maps; their one order, their depth and their weight.

Values never change.  A list may share its storage with a longer one (see `List`), which is why reading a list that
still grows costs nothing.
"""

from __future__ import annotations

from functools import cmp_to_key
from itertools import islice
from typing import Final, Union

from netstrata.values.compiler_hints import mypyc_attr

DEPTH_LIMIT: Final = 32
MOST_WEIGHT: Final = 1 << 27  # bytes of all strings in a value, and so many more for each of its elements:
ELEMENT_WEIGHT: Final = 64
TOO_HEAVY: Final = 1000  # the depth of what weighs more, so that whoever refuses one refuses the other
TRUE: Final = b"true"
FALSE: Final = b"false"


@mypyc_attr(acyclic=True)
class List:
    """The first `size` elements of a Python list that others may still append to, but never change below `size`."""

    __slots__ = ("_depth", "_hash", "_weight", "items", "size")

    def __init__(self, items: list[Value], depth: int = -1, weight: int = -1) -> None:
        """Take a list over, or share it; who knows how deep it nests, and what it weighs, may say so."""
        self.items = items
        self.size = len(items)
        self._depth = depth if weight <= MOST_WEIGHT else TOO_HEAVY
        self._weight = weight
        self._hash = 0

    def elements(self) -> list[Value]:
        """Return the elements; not to be changed."""
        if self.size != len(self.items):
            self.items = self.items[: self.size]
        return self.items

    @property
    def depth(self) -> int:
        """0 if empty, else one more than the deepest element; TOO_HEAVY or more if it is."""
        if self._depth < 0:
            if not self.size:
                self._depth = 0
            else:
                self._depth = 1 + deepest(self.elements()) if self.weight <= MOST_WEIGHT else TOO_HEAVY
        return self._depth

    @property
    def weight(self) -> int:
        """What it would take if nothing in it were shared."""
        if self._weight < 0:
            self._weight = weight_of(self.elements())
        return self._weight

    def __len__(self) -> int:
        return self.size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, List) and self.size == other.size and self.elements() == other.elements()

    def __hash__(self) -> int:
        if not self._hash:
            self._hash = hash((1, *self.elements())) or 1
        return self._hash

    def __repr__(self) -> str:
        return f"List({self.elements()!r})"


@mypyc_attr(acyclic=True)
class Map:
    """A set of key and value pairs, always walked in key order.

    The first `size` entries of a dict that others may still add to, but never change otherwise.
    """

    __slots__ = ("_depth", "_entries", "_hash", "_keys", "_weight", "size")

    def __init__(self, entries: dict[Value, Value], depth: int = -1, weight: int = -1) -> None:
        """Take a dict over, or share it; who knows how deep it nests, and what it weighs, may say so."""
        self._entries = entries
        self.size = len(entries)
        self._keys: list[Value] | None = None
        self._depth = depth if weight <= MOST_WEIGHT else TOO_HEAVY
        self._weight = weight
        self._hash = 0

    @property
    def entries(self) -> dict[Value, Value]:
        """The pairs; not to be changed."""
        if self.size != len(self._entries):
            self._entries = dict(islice(self._entries.items(), self.size))
        return self._entries

    def keys(self) -> list[Value]:
        """Return the keys in order; not to be changed."""
        if self._keys is None:
            self._keys = in_order(list(self.entries))
        return self._keys

    @property
    def depth(self) -> int:
        """0 if empty, else one more than the deepest key or value; TOO_HEAVY or more if it is."""
        if self._depth < 0:
            if not self.size:
                self._depth = 0
            elif self.weight > MOST_WEIGHT:
                self._depth = TOO_HEAVY
            else:
                self._depth = 1 + max(deepest(list(self.entries)), deepest(list(self.entries.values())))
        return self._depth

    @property
    def weight(self) -> int:
        """What it would take if nothing in it were shared."""
        if self._weight < 0:
            self._weight = weight_of(list(self.entries)) + weight_of(list(self.entries.values()))
        return self._weight

    def __len__(self) -> int:
        return self.size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Map) and self.size == other.size and self.entries == other.entries

    def __hash__(self) -> int:
        if not self._hash:
            self._hash = hash((2, frozenset(self.entries.items()))) or 1
        return self._hash

    def __repr__(self) -> str:
        return f"Map({self.entries!r})"


# Below the classes, so that it holds no name that others would have to resolve (typing.get_type_hints).
Value = Union[bytes, List, Map]


def depth(value: Value) -> int:
    """Return how deep a value nests: 0 for a string or anything empty."""
    return 0 if isinstance(value, bytes) else value.depth


def weight(value: Value) -> int:
    """Return what an element adds to the weight of what it is in."""
    return ELEMENT_WEIGHT + (len(value) if isinstance(value, bytes) else value.weight)


def weight_of(values: list[Value]) -> int:
    """Return what some elements weigh together."""
    total = ELEMENT_WEIGHT * len(values)
    for value in values:
        total += len(value) if isinstance(value, bytes) else value.weight
    return total


def excess(value: Value) -> str:
    """Return in words what is wrong with a value that is too much."""
    if isinstance(value, bytes) or value.depth >= TOO_HEAVY:
        return f"the value is too large: more than {MOST_WEIGHT >> 20} MiB with all that is in it"
    return "depth limit exceeded"


def deepest(values: list[Value]) -> int:
    """Return the largest depth among some values, 0 if there are none."""
    most = 0
    for value in values:
        if not isinstance(value, bytes) and value.depth > most:
            most = value.depth
    return most


def compare(left: Value, right: Value) -> int:
    """Compare two values by the language's one total order: negative, zero or positive."""
    if isinstance(left, bytes):
        if isinstance(right, bytes):
            return 0 if left == right else -1 if left < right else 1
        return -1
    if isinstance(right, bytes):
        return 1
    if isinstance(left, List):
        if not isinstance(right, List):
            return -1
        return _compare_sequences(left.elements(), right.elements())
    if isinstance(right, List):
        return 1
    return _compare_sequences(_flat(left), _flat(right))


def _compare_sequences(left: list[Value], right: list[Value]) -> int:
    for one, other in zip(left, right, strict=False):
        result = compare(one, other)
        if result:
            return result
    return len(left) - len(right)


def _flat(value: Map) -> list[Value]:
    flat: list[Value] = []
    for key in value.keys():  # noqa: SIM118 - a Map's keys are ordered, and not a dict's
        flat.append(key)
        flat.append(value.entries[key])
    return flat


def in_order(values: list[Value]) -> list[Value]:
    """Return values sorted by the total order."""
    strings: list[bytes] = []
    others: list[Value] = []
    for value in values:
        if isinstance(value, bytes):
            strings.append(value)
        else:
            others.append(value)
    strings.sort()
    if not others:
        return list(strings)
    others.sort(key=cmp_to_key(compare))
    return [*strings, *others]


def boolean(truth: bool) -> bytes:
    """Return the language's word for a truth value."""
    return TRUE if truth else FALSE
