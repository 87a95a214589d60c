"""What a statement is to others is said by its declaration: neither daemon nor language goes by a statement's name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import netstrata
from netstrata.daemon.running.registry import make_registry

SOURCE = Path(netstrata.__file__).parent
ROOMS = ("daemon", "language")
NAMES = {declaration.name for declaration in make_registry().declarations()}
# The same word for something else.
OTHERWISE = {
    ("daemon/logs/syslog.py", "daemon"): "a facility of syslog",
    ("daemon/control/client.py", "log"): "a parameter of Watch",
    ("daemon/pyramid/visible.py", "log"): "a field of an event",
    ("daemon/upgrade.py", "log"): "what is handed over",
    ("daemon/upgrade.py", "run"): "a command of ours",
    ("daemon/pyramid/graph.py", "call"): "the kind of an edge",
    ("daemon/pyramid/graph.py", "depend"): "the kind of an edge",
    ("daemon/pyramid/links.py", "index"): "a link's number",
    ("daemon/text/rendering.py", "value"): "how a variable without a name is shown",
    ("language/sugar.py", "embcall"): "what If is made of, by the language",
    ("language/sugar.py", "foreach_emb"): "what Foreach is made of, by the language",
    ("language/sugar.py", "do"): "what Do is made of, by the language",
    ("language/sugar.py", "inline_code"): "what Block is made of, by the language",
}


def literals(tree: ast.Module) -> Iterator[str]:
    """Yield all strings of a module, also those in f-strings, but for the names of attributes in `__slots__`."""
    slots = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__slots__"]
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in slots:
            if isinstance(node.value, str):
                yield node.value
            elif isinstance(node.value, bytes):
                yield node.value.decode("latin-1")


def modules() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def test_no_statement_is_known_by_its_name() -> None:
    found = {
        (file, word)
        for file, tree in modules()
        for word in literals(tree)
        if word in NAMES or ("::" in word and word.partition("::")[0] in NAMES)
    }

    assert found - set(OTHERWISE) == set()
    assert set(OTHERWISE) - found == set()  # nothing is excused that is not there


def test_no_statement_is_known_by_its_class() -> None:
    rooms = ("netstrata.engine.structures", "netstrata.engine.objects", "netstrata.statements")
    found = {
        f"{file}: {alias.name}"
        for file, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(rooms)
        for alias in node.names
        if alias.name[:1].isupper()
    }

    assert found == set()
