"""Lists and maps of a tree of values."""

from netstrata.contract.shapes.common import NUMBER
from netstrata.engine.structures.values.nodes import Branch, Node, Text
from netstrata.values import List, Map, Refused, Value, deepest, in_order, parse_number


def node_of(value: Value, parent: Branch | None = None) -> Node:
    """Return a value as a node."""
    if isinstance(value, bytes):
        return Text(parent, value)
    if isinstance(value, List):
        return Elements(parent, value)
    return Entries(parent, value)


def _number(where: Value) -> int:
    number = parse_number(where) if isinstance(where, bytes) else None
    if number is None:
        raise NUMBER.refusal(0)
    return number


class Elements(Branch):
    """A list."""

    __slots__ = ("_items", "_nodes", "_shared")

    def __init__(self, parent: Branch | None, value: List) -> None:
        super().__init__(parent, value)
        self._items = list(value.elements())
        self.weight = value.weight
        self._nodes: list[Node | None] = []  # one for each item, or empty if no item is a node
        self._shared = 0  # so many items from the start may be seen by values that were read

    def kind(self) -> bytes:
        """Return the word for a list."""
        return b"list"

    def length(self) -> int:
        """Return the number of elements."""
        return len(self._items)

    def assembled(self, levels: int) -> Value | None:
        """Bring what changed up to date, and share the storage."""
        if self._items:
            if levels == 0 or not self.refreshed(levels - 1):
                return None
            if self.deepest < 0:
                self.deepest = deepest(self._items)
            if self.deepest >= levels:
                return None
        self._shared = len(self._items)
        return List(self._items, self.deepest + 1 if self._items else 0, self.weight)

    def store(self, child: Node, value: Value) -> None:
        """Store what a child is now in its place."""
        index = self._index(child)
        self._own(index)
        self.lost(self._items[index])
        self._items[index] = value
        self.gained(value)

    def _own(self, index: int) -> None:
        """Make sure that nobody else sees an item and what comes after it."""
        if index < self._shared:
            self._items = self._items[:]
            self._shared = 0

    def _place(self, where: Value, limit: int) -> int:
        number = _number(where)
        if number >= limit:
            raise Refused(f"there is no such place as {number}: the list has {len(self._items)}", argument=0)
        return number

    def _index(self, child: Node) -> int:
        at = child.at
        if at >= len(self._nodes) or self._nodes[at] is not child:
            at = child.at = self._nodes.index(child)
        return at

    def _node_list(self) -> list[Node | None]:
        if not self._nodes:
            self._nodes = [None] * len(self._items)
        return self._nodes

    def children(self) -> list[Node]:
        """Return the elements that are nodes."""
        return [node for node in self._nodes if node is not None]

    def clear(self) -> None:
        """Forget everything."""
        self._items = []
        self._nodes = []
        self.stale = {}
        self.weight = 0
        self._shared = 0

    def peek(self, where: Value, inserting: bool) -> Node | None:
        """Return the element at an index, unless something is inserted before it."""
        if inserting or _number(where) >= len(self._items):
            return None
        return self.get(where)

    def get(self, where: Value) -> Node:
        """Return the element at an index."""
        at = self._place(where, len(self._items))
        nodes = self._nodes or self._node_list()
        node = nodes[at]
        if node is None:
            node = nodes[at] = node_of(self._items[at], self)
            node.at = at
        return node

    def insert(self, where: Value, what: Node) -> None:
        """Insert before an index."""
        self._insert(self._place(where, len(self._items) + 1), what)

    def _insert(self, at: int, what: Node) -> None:
        self._own(at)
        self._node_list().insert(at, what)
        what.at = at
        value = self.adopt(what)
        self._items.insert(at, value)
        self.gained(value)
        self.changed()

    def append_node(self, what: Node) -> None:
        """Add a node at the end."""
        self._insert(len(self._items), what)

    def append(self, what: Value) -> None:
        """Add an element at the end."""
        if self._nodes:
            self._nodes.append(None)
        self._items.append(what)
        self.gained(what)
        self.changed()

    def replace(self, where: Value, what: Node) -> None:
        """Put at an index, or add at the end."""
        at = self._place(where, len(self._items) + 1)
        if at == len(self._items):
            self._insert(at, what)
        else:
            self._put(at, what)

    def _put(self, at: int, what: Node) -> None:
        nodes = self._node_list()
        old = nodes[at]
        nodes[at] = what
        what.at = at
        if old is not None:
            self.orphan(old)
        self._own(at)
        self.lost(self._items[at])
        self._items[at] = value = self.adopt(what)
        self.gained(value)
        self.changed()

    def remove(self, where: Value) -> None:
        """Take the element at an index away."""
        self._remove(self._place(where, len(self._items)))

    def _remove(self, at: int) -> None:
        self._own(at)
        self.lost(self._items.pop(at))
        child = self._nodes.pop(at) if self._nodes else None
        if child is not None:
            self.orphan(child)
        self.changed()

    def take(self, child: Node) -> None:
        """Take a child away, and its place with it."""
        self._remove(self._index(child))

    def exchange(self, child: Node, other: Node) -> None:
        """Put another node into a child's place."""
        self._put(self._index(child), other)

    def fold(self, child: Node) -> None:
        """Keep a string that nobody holds any more as a plain value."""
        if isinstance(child, Text) and child not in self.stale:
            self._nodes[self._index(child)] = None


class Entries(Branch):
    """A map."""

    __slots__ = ("_entries", "_keys", "_nodes", "_shared")

    def __init__(self, parent: Branch | None, value: Map) -> None:
        super().__init__(parent, value)
        self._entries = dict(value.entries)
        self.weight = value.weight
        self._keys: list[Value] | None = None
        self._nodes: dict[Value, Node] = {}
        self._shared = False  # whether entries that stood there first may be seen by values that were read

    def kind(self) -> bytes:
        """Return the word for a map."""
        return b"map"

    def length(self) -> int:
        """Return the number of entries."""
        return len(self._entries)

    def keys(self) -> list[Value] | None:
        """Return the keys in order."""
        if self._keys is None:
            self._keys = in_order(list(self._entries))
        return self._keys

    def assembled(self, levels: int) -> Value | None:
        """Bring what changed up to date, and share the storage."""
        if self._entries:
            if levels == 0 or not self.refreshed(levels - 1):
                return None
            if self.deepest < 0:
                self.deepest = max(deepest(list(self._entries)), deepest(list(self._entries.values())))
            if self.deepest >= levels:
                return None
        self._shared = True
        return Map(self._entries, self.deepest + 1 if self._entries else 0, self.weight)

    def store(self, child: Node, value: Value) -> None:
        """Store what a child is now under its key."""
        self._own()
        self.lost(self._entries[child.key])
        self._entries[child.key] = value
        self.gained(value)

    def _own(self) -> None:
        """Make sure that nobody else sees the entries."""
        if self._shared:
            self._entries = dict(self._entries)
            self._shared = False

    def children(self) -> list[Node]:
        """Return the values that are nodes."""
        return list(self._nodes.values())

    def clear(self) -> None:
        """Forget everything."""
        self._entries = {}
        self._keys = None
        self._nodes = {}
        self.stale = {}
        self.weight = 0
        self._shared = False

    def peek(self, where: Value, inserting: bool) -> Node | None:
        """Return the value under a key."""
        return self.get(where) if where in self._entries else None

    def get(self, where: Value) -> Node:
        """Return the value under a key."""
        node = self._nodes.get(where)
        if node is None:
            if where not in self._entries:
                raise Refused("the map has no such key", argument=0)
            node = self._nodes[where] = node_of(self._entries[where], self)
            node.key = where
        return node

    def insert(self, where: Value, what: Node) -> None:
        """Put under a key."""
        self.replace(where, what)

    def replace(self, where: Value, what: Node) -> None:
        """Put under a key."""
        old = self._nodes.get(where)
        self._nodes[where] = what
        what.key = where
        if old is not None:
            self.orphan(old)
        if where in self._entries:
            self._own()
            self.lost(self._entries[where])
        else:
            self._keys = None
            self.gained(where)
        self._entries[where] = value = self.adopt(what)
        self.gained(value)
        self.changed()

    def remove(self, where: Value) -> None:
        """Take the entry under a key away."""
        if where not in self._entries:
            raise Refused("the map has no such key", argument=0)
        self._own()
        self.lost(self._entries.pop(where))
        self.lost(where)
        self._keys = None
        child = self._nodes.pop(where, None)
        if child is not None:
            self.orphan(child)
        self.changed()

    def take(self, child: Node) -> None:
        """Take a child away, and its key with it."""
        self.remove(child.key)

    def exchange(self, child: Node, other: Node) -> None:
        """Put another node under a child's key."""
        self.replace(child.key, other)

    def fold(self, child: Node) -> None:
        """Keep a string that nobody holds any more as a plain value."""
        if isinstance(child, Text) and child not in self.stale:
            del self._nodes[child.key]
