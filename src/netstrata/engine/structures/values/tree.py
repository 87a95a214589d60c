"""value: a handle on a node of a tree of values, and its methods but for those that put something into it.

Several handles may hold the same node.  A handle whose node was deleted holds nothing.
"""

from typing import cast

from netstrata.contract import Shape
from netstrata.contract.roles import BY_BEING_UP, Roles
from netstrata.contract.shapes.common import ANY, LIST, NUMBER, TRUTH
from netstrata.engine.process import UP, Statement
from netstrata.engine.structure import gives, maybe, structure, takes
from netstrata.engine.structures.values.branches import node_of
from netstrata.engine.structures.values.nodes import Node, Text
from netstrata.values import List, Refused, Value, boolean


def base_of(statement: Statement) -> Node:
    """Return the node that a method was called on.

    Raises: Refused if it was deleted.
    """
    node = cast(Handle, statement.target).node
    if node is None or node.deleted:
        raise Refused("this value was deleted")
    return node


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
VARIABLES = gives(value_=ANY, exists=TRUTH, type=KIND, length=NUMBER, keys=LIST)
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
_WHERE = takes(("where", ANY))
_WHAT = takes(("what", ANY))
structure(
    "value",
    Handle,
    takes(("value", ANY)),
    "Hold a tree of values that methods change and share.\n" + _CHANGE,
    VARIABLES,
    roles=Roles(holds=lambda values: values[0]),
)
for _name, _class, _arguments, _doc in (
    ("get", Get, _WHERE, "Hold an element by its index, or a map's value by its key."),
    ("try_get", TryGet, _WHERE, "Hold an element, or nothing if there is none: see `exists`."),
    ("getpath", GetPath, takes(("path", LIST)), "Hold an element of an element, by a list of places."),
):
    structure(f"value::{_name}", _class, _arguments, f"{_doc}\n{_CHANGE}", VARIABLES, "value")
structure(
    "value::substr",
    Substr,
    takes(("start", NUMBER)) + maybe("longest", NUMBER),
    """Hold a part of a string.

    Example:
        value("netstrata") v;
        v->substr("3", "3") s;
        println(s);  # str
    """,
    VARIABLES,
    "value",
)
_CHANGES = Roles(changes=BY_BEING_UP)
structure("value::remove", Remove, _WHERE, "Take out an element; who holds it keeps it.\n" + _CHANGE, roles=_CHANGES)
structure(
    "value::delete", Delete, (), "Delete this value and all below it, for all who hold it.\n" + _CHANGE, roles=_CHANGES
)
structure("value::append", Append, _WHAT, "Add to the end of a list or a string.\n" + _CHANGE, roles=_CHANGES)
structure(
    "value::reset",
    Reset,
    takes(("value", ANY)),
    "Hold a new tree instead; undo what was to be undone.\n" + _CHANGE,
    roles=_CHANGES,
)
