"""Trees of values that change: nodes that know their parent, and are shared by all who hold them.

Only what somebody holds, or held, is a node; the rest of a tree is plain values inside of the nodes.  A node keeps the
value that it was last read as, and tells its parent when that is out of date: reading a tree again costs what has
changed since.  A list or map that only grows shares its storage with what was read from it.

A node that nobody holds and that stands in no parent disappears, and its children have no parent any more.
"""

from netstrata.values import DEPTH_LIMIT, Refused, Value, weight


class Node:
    """A string, list or map of a tree."""

    __slots__ = ("at", "cached", "deleted", "holders", "key", "parent")

    def __init__(self, parent: "Branch | None", cached: Value) -> None:
        self.parent = parent
        self.at = 0  # in a list: an index that it once had
        self.key: Value = b""  # in a map: its key
        self.holders = 0
        self.deleted = False
        # None if it was changed since it was read; then the parent knows it as stale, and has nothing cached either.
        self.cached: Value | None = cached

    def kind(self) -> bytes:
        """Return the word for what it is."""
        raise NotImplementedError

    def length(self) -> int:
        """Return the number of bytes, elements or entries."""
        raise NotImplementedError

    def keys(self) -> list[Value] | None:
        """Return a map's keys in order, None for others; not to be changed."""
        return None

    def value(self, levels: int = DEPTH_LIMIT) -> Value | None:
        """Return the whole value, None if it nests deeper than so many levels."""
        value = self.cached
        if value is None:
            value = self.cached = self.assembled(levels)
        elif not isinstance(value, bytes) and value.depth > levels:
            return None
        return value

    def assembled(self, levels: int) -> Value | None:
        """Put the value together, if it nests no deeper than so many levels."""
        raise NotImplementedError

    def changed(self) -> None:
        """Let the parents know that what they were read as is out of date."""
        node = self
        while node.cached is not None:
            node.cached = None
            parent = node.parent
            if parent is None:
                return
            parent.stale[node] = None
            node = parent

    def children(self) -> "list[Node]":
        """Return the children that are nodes."""
        return []

    def clear(self) -> None:
        """Forget the children."""

    def peek(self, where: Value, inserting: bool) -> "Node | None":
        """Return the node that would give way if something were put there; None if nothing would."""
        return None

    def get(self, where: Value) -> "Node":
        """Return the node at an index or under a key.

        Raises: Refused if there is none.
        """
        raise Refused("a string has no elements")

    def insert(self, where: Value, what: "Node") -> None:
        """Insert before an index, or put under a key.

        Raises: Refused if there is no such place.
        """
        raise Refused("nothing can be inserted into a string")

    def replace(self, where: Value, what: "Node") -> None:
        """Put at an index, which may be that after the last, or under a key.

        Raises: Refused if there is no such place.
        """
        raise Refused("nothing can be replaced in a string")

    def remove(self, where: Value) -> None:
        """Take away what is at an index or under a key.

        Raises: Refused if there is nothing.
        """
        raise Refused("nothing can be removed from a string")

    def append(self, what: Value) -> None:
        """Add to the end.

        Raises: Refused if that cannot be added here.
        """
        raise Refused("nothing can be appended to a map")

    def let_go(self) -> None:
        """Have one holder less; without any, and without a parent, disappear."""
        self.holders -= 1
        if self.holders or self.deleted:
            return
        if self.parent is None:
            disappear(self)
        else:
            self.parent.fold(self)

    def delete(self) -> None:
        """Leave the parent, and delete this node and all below it."""
        self.holders += 1  # so that it does not disappear before what is below it is deleted
        if self.parent is not None:
            self.parent.take(self)
        self.holders -= 1
        stack = [self]
        while stack:
            node = stack.pop()
            node.deleted = True
            node.parent = None
            stack.extend(node.children())
            node.clear()


def disappear(node: Node) -> None:
    """Let go of the children of a node that nobody holds and that has no parent; those likewise disappear."""
    stack = [node]
    while stack:
        gone = stack.pop()
        for child in gone.children():
            child.parent = None
            if not child.holders:
                stack.append(child)
        gone.clear()


class Text(Node):
    """A string, which may grow."""

    __slots__ = ("_parts", "_size")

    def __init__(self, parent: "Branch | None", text: bytes) -> None:
        super().__init__(parent, text)
        self._parts: list[bytes] | None = None  # all of it in pieces, if anything was ever appended
        self._size = len(text)

    def kind(self) -> bytes:
        """Return the word for a string."""
        return b"string"

    def length(self) -> int:
        """Return the number of bytes."""
        return self._size

    def assembled(self, levels: int) -> Value | None:
        """Put the parts together."""
        parts = self._parts
        assert parts is not None  # else what it was made of would still be known
        text = b"".join(parts)
        self._parts = [text]
        return text

    def append(self, what: Value) -> None:
        """Add bytes to the end."""
        if not isinstance(what, bytes):
            raise Refused("only a string can be appended to a string", argument=0)
        if self._parts is None:
            self._parts = [self.cached] if isinstance(self.cached, bytes) else []
        self._parts.append(what)
        self._size += len(what)
        self.changed()


class Branch(Node):
    """A node with children."""

    __slots__ = ("deepest", "stale", "weight")

    def __init__(self, parent: "Branch | None", cached: Value) -> None:
        super().__init__(parent, cached)
        self.stale: dict[Node, None] = {}  # children that are not what is stored in their place
        self.deepest = -1  # the largest depth of what is stored, -1 if that is not known
        self.weight = 0  # of what is stored

    def take(self, child: Node) -> None:
        """Take a child away, and its place with it."""
        raise NotImplementedError

    def exchange(self, child: Node, other: Node) -> None:
        """Put another node into a child's place."""
        raise NotImplementedError

    def fold(self, child: Node) -> None:
        """Keep a child that nobody holds any more as a plain value, if it is one."""
        raise NotImplementedError

    def adopt(self, child: Node) -> Value:
        """Become the parent of a node; return what to store in its place."""
        child.parent = self
        value = child.value()
        if value is None:
            self.stale[child] = None
            return b""
        return value

    def orphan(self, child: Node) -> None:
        """Be no parent of a child any more, whose place is gone or taken."""
        child.parent = None
        self.stale.pop(child, None)
        if not child.holders:
            disappear(child)

    def gained(self, value: Value) -> None:
        """Know that a value is stored now."""
        self.weight += weight(value)
        if self.deepest >= 0 and not isinstance(value, bytes) and value.depth > self.deepest:
            self.deepest = value.depth

    def lost(self, value: Value) -> None:
        """Know that a value is not stored any more."""
        self.weight -= weight(value)
        if not isinstance(value, bytes) and value.depth >= self.deepest:
            self.deepest = -1

    def refreshed(self, levels: int) -> bool:
        """Store what the stale children are now; False if one nests deeper than so many levels."""
        for child in list(self.stale):
            value = child.value(levels)
            if value is None:
                return False
            del self.stale[child]
            self.store(child, value)
        return True

    def store(self, child: Node, value: Value) -> None:
        """Store what a child is now in its place."""
        raise NotImplementedError
