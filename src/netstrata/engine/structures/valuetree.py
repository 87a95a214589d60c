"""value: a handle on a node of a tree of values, and its methods.

Several handles may hold the same node.  A handle whose node was deleted holds nothing.
"""

from typing import cast

from netstrata.contract import Shape
from netstrata.contract.shapes import ANY, LIST, NUMBER, TRUTH
from netstrata.engine.statement import UP, Statement
from netstrata.engine.structure import gives, maybe, structure, takes
from netstrata.engine.structures.valuebranches import Elements, node_of
from netstrata.engine.structures.valuenodes import Node, Text
from netstrata.values import List, Refused, Value, boolean


def base_of(statement: Statement) -> Node:
    """Return the node that a method was called on.

    Raises: Refused if it was deleted.
    """
    node = cast(Handle, statement.target).node
    if node is None or node.deleted:
        raise Refused("this value was deleted")
    return node


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


class Handle(Statement):
    """Holds a node, and perhaps the node that it took the place of."""

    __slots__ = ("node", "old", "undoes")
    old: Node | None

    def hold(self, node: Node | None) -> None:
        """Hold a node with nothing to undo, and be up."""
        self.node = node
        self.old = None
        self.undoes = False
        if node is not None:
            node.holders += 1
        self.up()

    def take(self, node: Node | None) -> None:
        """Hold a node with nothing to undo."""
        self.node = node
        self.old = None
        self.undoes = False
        if node is not None:
            node.holders += 1

    def begin(self, values: list[Value]) -> None:
        """Hold a new tree."""
        self.hold(node_of(values[0]))

    def variable(self, name: str) -> Value | None:
        """Return the whole value, or something about it."""
        node = self.node
        exists = node is not None and not node.deleted
        if name == "exists":
            return boolean(exists)
        if node is None or not exists:
            return None
        if name == "":
            return node.value()
        if name == "type":
            return node.kind()
        if name == "length":
            return b"%d" % node.length()
        keys = node.keys() if name == "keys" else None
        return List(keys) if keys is not None else None

    def own_value(self) -> Value | None:
        """Return the whole value while up."""
        node = self.node if self.state == UP else None
        return node.value() if node is not None and not node.deleted else None

    def let_go(self) -> None:
        """Undo what is to be undone, and hold nothing any more."""
        node = self.node
        old = self.old
        if node is None:
            return
        if self.undoes and node.parent is not None:
            if old is None or old.deleted:
                node.parent.take(node)
            elif old.parent is None:
                node.parent.exchange(node, old)
        if old is not None:
            old.let_go()
        node.let_go()

    def die(self) -> None:
        """Undo, let go, and be dead."""
        self.let_go()
        self.dead()


class Get(Handle):
    """Holds an element."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Find the element."""
        self.hold(base_of(self).get(values[0]))


class TryGet(Handle):
    """Holds an element, or nothing if there is none."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Find the element."""
        base = base_of(self)
        try:
            self.take(base.get(values[0]))
        except Refused:
            self.take(None)
        self.up()


class GetPath(Handle):
    """Holds an element of an element of …"""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Find the element."""
        path = values[0]
        if not isinstance(path, List):
            raise LIST.refusal(0)
        node = base_of(self)
        for where in path.elements():
            node = node.get(where)
        self.hold(node)


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


class Substr(Handle):
    """Holds a part of a string."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Cut it out."""
        base = base_of(self)
        start, length = self.declaration.bind(values)
        text = base.value()
        if not isinstance(base, Text) or not isinstance(text, bytes):
            raise Refused("only of a string there are parts")
        if start > len(text):
            raise Refused(f"there is no offset {start}: the string has {len(text)} bytes", argument=0)
        self.hold(Text(None, text[start:] if length is None else text[start : start + length]))


class Remove(Statement):
    """Takes an element out of its list or map."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Take it out."""
        base_of(self).remove(values[0])
        self.up()


class Delete(Statement):
    """Deletes a node and all below it."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Delete it."""
        base_of(self).delete()
        self.up()


class Append(Statement):
    """Adds to a string or a list."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Add it."""
        base_of(self).append(values[0])
        self.up()


class Reset(Statement):
    """Lets a handle hold a new tree."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Undo what the handle would undo, and give it a new tree."""
        handle = cast(Handle, self.target)
        node = node_of(values[0])
        handle.let_go()
        handle.take(node)
        self.up()


KIND = Shape[Value]("a kind of value", "string, list or map", lambda v: v, lambda v: v, ('"string"', '"map"'), ())
_VARIABLES = gives(value_=ANY, exists=TRUTH, type=KIND, length=NUMBER, keys=LIST)
_CHANGE = """
    Example:
        value({"a", ["k": "b"]}) v;
        v->getpath({"1", "k"}) k;
        k->append("c");
        v->insert("d") d;
        v->remove("0");
        println(@encode_value(v), " ", v.length);  # {["k":"bc"], "d"} 2
        k->delete();
        println(k.exists, " ", @encode_value(v));  # false {[], "d"}
        d->reset("e");
        v->try_get("7") none;
        println(d, " ", none.exists);  # e false
    """
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
        aa->substr("1") s;
        println(@encode_value(v), s);  # {"AA", "B"}A
    """
_WHERE = takes(("where", ANY))
_WHAT = takes(("what", ANY))
structure(
    "value",
    Handle,
    takes(("value", ANY)),
    "Hold a tree of values that methods change and share.\n" + _CHANGE,
    _VARIABLES,
)
for _name, _class, _arguments, _doc, _example in (
    ("get", Get, _WHERE, "Hold an element by its index, or a map's value by its key.", _CHANGE),
    ("try_get", TryGet, _WHERE, "Hold an element, or nothing if there is none: see `exists`.", _CHANGE),
    ("getpath", GetPath, takes(("path", LIST)), "Hold an element of an element, by a list of places.", _CHANGE),
    ("insert", Insert, maybe("where", ANY) + _WHAT, "Insert before an index, under a key, or at the end.", _CHANGE),
    ("replace", Replace, _WHERE + _WHAT, "Put something at an index or under a key.", _PUT),
    ("replace_this", ReplaceThis, _WHAT, "Put something in the place of this value.", _PUT),
    (
        "insert_undo",
        InsertUndo,
        maybe("where", ANY) + _WHAT,
        "Insert before an index, under a key, or at the end; take it out on the way down.",
        _PUT,
    ),
    (
        "replace_undo",
        ReplaceUndo,
        _WHERE + _WHAT,
        "Put something at an index or under a key; put back what was there on the way down.",
        _PUT,
    ),
    (
        "replace_this_undo",
        ReplaceThisUndo,
        _WHAT,
        "Put something in the place of this value; put this one back on the way down.",
        _PUT,
    ),
    ("substr", Substr, takes(("start", NUMBER)) + maybe("longest", NUMBER), "Hold a part of a string.", _PUT),
):
    structure(f"value::{_name}", _class, _arguments, f"{_doc}\n{_example}", _VARIABLES, "value")
structure("value::remove", Remove, _WHERE, "Take out an element; who holds it keeps it.\n" + _CHANGE)
structure("value::delete", Delete, (), "Delete this value and all below it, for all who hold it.\n" + _CHANGE)
structure("value::append", Append, _WHAT, "Add to the end of a list or a string.\n" + _CHANGE)
structure(
    "value::reset", Reset, takes(("value", ANY)), "Hold a new tree instead; undo what was to be undone.\n" + _CHANGE
)
