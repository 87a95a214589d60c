"""Methods of value that put something into a tree, some of which take it out again on the way down."""

from netstrata.contract.roles import BY_BEING_GONE, BY_BEING_UP, Roles
from netstrata.contract.shapes.common import ANY
from netstrata.engine.structure import maybe, structure, takes
from netstrata.engine.structures.values.branches import Elements, node_of
from netstrata.engine.structures.values.nodes import Node
from netstrata.engine.structures.values.tree import VARIABLES, Handle, base_of
from netstrata.values import Refused, Value


def _insert(base: Node, values: list[Value], node: Node) -> None:
    """Insert a node at the place that comes before its value, or append it if no place is given."""
    if len(values) == 2:
        base.insert(values[0], node)
    elif isinstance(base, Elements):
        base.append_node(node)
    else:
        raise Refused("only to a list something can be added without saying where")


def _replace_this(base: Node, node: Node) -> None:
    """Put a node in the place of another one, if that stands in anything."""
    if base.parent is not None:
        base.parent.exchange(base, node)


class Insert(Handle):
    """Holds a node that it inserted."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Insert a new node, or append it if no place is given."""
        node = node_of(values[-1])
        _insert(base_of(self), values, node)
        self.hold(node)


class Replace(Handle):
    """Holds a node that it put somewhere."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Put a new node into its place."""
        node = node_of(values[1])
        base_of(self).replace(values[0], node)
        self.hold(node)


class ReplaceThis(Handle):
    """Holds a node that it put in place of the one at hand."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Put a new node in the place of the base."""
        node = node_of(values[0])
        _replace_this(base_of(self), node)
        self.hold(node)


class Undoing(Handle):
    """Holds a node that it put somewhere, and puts back what was there."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Remember what gives way, and put a new node into its place."""
        old = self.gives_way(values)
        if old is not None:
            old.holders += 1
        try:
            node = node_of(values[-1])
            self.put(values, node)
        except Refused:
            if old is not None:
                old.let_go()
            raise
        self.take(node)
        self.old = old
        self.undoes = True
        self.up()

    def gives_way(self, values: list[Value]) -> Node | None:
        """Return the node whose place is taken."""
        raise NotImplementedError

    def put(self, values: list[Value], node: Node) -> None:
        """Put the new node into its place."""
        raise NotImplementedError


class InsertUndo(Undoing):
    """Inserts, and undoes that."""

    __slots__ = ()

    def gives_way(self, values: list[Value]) -> Node | None:
        """Return the node under the key, if that is what is given."""
        return base_of(self).peek(values[0], True) if len(values) == 2 else None

    def put(self, values: list[Value], node: Node) -> None:
        """Insert or append."""
        _insert(base_of(self), values, node)


class ReplaceUndo(Undoing):
    """Replaces, and undoes that."""

    __slots__ = ()

    def gives_way(self, values: list[Value]) -> Node | None:
        """Return the node at the index or under the key."""
        return base_of(self).peek(values[0], False)

    def put(self, values: list[Value], node: Node) -> None:
        """Replace."""
        base_of(self).replace(values[0], node)


class ReplaceThisUndo(Undoing):
    """Replaces the node at hand, and undoes that."""

    __slots__ = ()

    def gives_way(self, values: list[Value]) -> Node | None:
        """Return the node at hand."""
        return base_of(self)

    def put(self, values: list[Value], node: Node) -> None:
        """Take its place, if it stands in anything."""
        _replace_this(base_of(self), node)


_PUT = """
    Example:
        value({"a", "b"}) v;
        v->get("0") a;
        Do {
            v->insert_undo("0", "new");
            v->replace_undo("1", "A");
            println(@encode_value(v));  # {"new", "A", "b"}
        };
        Do {
            a->replace_this_undo("?");
            println(@encode_value(v));  # {"?", "b"}
        };
        println(@encode_value(v));  # {"a", "b"}
        v->replace("1", "B");
        a->replace_this("AA") aa;
        v->insert("c");
        println(@encode_value(v), aa);  # {"AA", "B", "c"}AA
    """
_WHERE = takes(("where", ANY))
_PERHAPS_WHERE = maybe("where", ANY)
_WHAT = takes(("what", ANY))
for _name, _class, _arguments, _doc, _changes in (
    ("insert", Insert, _PERHAPS_WHERE + _WHAT, "Insert before an index, under a key, or at the end.", BY_BEING_UP),
    ("replace", Replace, _WHERE + _WHAT, "Put something at an index or under a key.", BY_BEING_UP),
    ("replace_this", ReplaceThis, _WHAT, "Put something in the place of this value.", BY_BEING_UP),
    (
        "insert_undo",
        InsertUndo,
        _PERHAPS_WHERE + _WHAT,
        "Insert before an index, under a key, or at the end; take it out on the way down.",
        BY_BEING_UP | BY_BEING_GONE,
    ),
    (
        "replace_undo",
        ReplaceUndo,
        _WHERE + _WHAT,
        "Put something at an index or under a key; put back what was there on the way down.",
        BY_BEING_UP | BY_BEING_GONE,
    ),
    (
        "replace_this_undo",
        ReplaceThisUndo,
        _WHAT,
        "Put something in the place of this value; put this one back on the way down.",
        BY_BEING_UP | BY_BEING_GONE,
    ),
):
    structure(f"value::{_name}", _class, _arguments, f"{_doc}\n{_PUT}", VARIABLES, "value", Roles(changes=_changes))
