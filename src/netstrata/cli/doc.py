"""`netstrata doc`: the manual, from the declarations."""

import shutil
import sys

from netstrata.daemon.registry import make_registry
from netstrata.language.spelling import did_you_mean
from netstrata.reference import index, page


def doc(name: str | None) -> int:
    """Print one page, or the index."""
    registry = make_registry()
    width = min(100, shutil.get_terminal_size((100, 24)).columns)
    if name is None:
        print(index(registry.declarations(), registry.functions(), width))
        return 0
    wanted = name.removeprefix("@").replace("->", "::")
    pages: list[str] = []
    entry = None if name.startswith("@") else registry.statement(wanted)
    if entry is None and "::" in wanted:
        entry = registry.method(*wanted.split("::", 1))
    if entry is not None:
        prefix = f"{entry.declaration.object_type}::"
        methods = [d for d in registry.declarations() if d.name.startswith(prefix)] if "::" not in wanted else []
        pages.append(page(entry.declaration, methods, width))
    function = registry.function(wanted)
    if function is not None:
        pages.append(page(function.declaration, [], width))
    if not pages:
        names = [d.name for d in (*registry.declarations(), *registry.functions())]
        like = did_you_mean(wanted, names)
        print(f"error: there is no statement, method or function named {name}", file=sys.stderr)
        print(f"help: did you mean {like}?" if like else "help: `netstrata doc` lists all names.", file=sys.stderr)
        return 10
    print("\n".join(pages))
    return 0
