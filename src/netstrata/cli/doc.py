"""`netstrata doc`: the manual, from the declarations."""

import os
import shutil
import sys

from netstrata.daemon.running.packages import problem_with
from netstrata.daemon.running.registry import make_registry
from netstrata.engine.registry import Registry
from netstrata.language.spelling import did_you_mean
from netstrata.reference import index, page, reference


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
        guess = f"did you mean {like}?" if like else "`netstrata doc` lists all names."
        print(f"help: {problem_with(wanted) or guess}", file=sys.stderr)
        return 10
    print("\n".join(pages))
    return 0


def whole_reference(as_markdown: bool, folder: str | None) -> int:
    """Print every page, or write them as files of Markdown."""
    registry = make_registry()
    if not as_markdown:
        print("\n".join(_all_pages(registry)))
        return 0
    pages = reference(registry.declarations(), registry.functions())
    if folder is None:
        print("\n".join(pages[name] for name in pages if name != "README.md"))
        return 0
    try:
        os.makedirs(folder, exist_ok=True)
        for name, text in pages.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        print(f"error: cannot write the reference to {folder}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _all_pages(registry: Registry) -> list[str]:
    declarations = registry.declarations()
    methods = [d for d in declarations if "::" in d.name]
    own = {d.name: [m for m in methods if m.name.startswith(f"{d.object_type}::")] for d in declarations}
    pages = [page(d, own[d.name] if "::" not in d.name else []) for d in declarations]
    return pages + [page(d, []) for d in registry.functions()]
