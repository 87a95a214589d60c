"""Declarations as Markdown: the reference, one file for each group."""

from netstrata.contract import Argument, Declaration
from netstrata.contract.declaration import ABOUT_NETWORK
from netstrata.reference.text import first_sentence, signature

_HEAD = "<!-- Written by `netstrata doc --all --markdown`; change the declarations, not this file. -->\n\n"
OUTSIDE = ("acts", "configures", "watches", "reports", "nextevent", "object")


def _group_of(declaration: Declaration) -> str:
    if declaration.kind == "function":
        return "functions"
    if declaration.name.startswith(ABOUT_NETWORK):
        return "network"
    if declaration.kind in OUTSIDE or declaration.name.startswith(("sys.", "file_")):
        return "system"
    return "computing" if declaration.kind == "computes" else "language"


GROUPS = {
    "language": ("Statements of the language", "They steer processes, hold values and write."),
    "computing": ("Statements that compute", "They are up at once, and hold what they computed."),
    "functions": ("Functions", "They are called in expressions, as `@name(…)`, and have no effect."),
    "network": ("Statements about the network", "What they set up is undone on the way down."),
    "system": ("Statements about the system", "Programs, files and sockets."),
}


def reference(statements: list[Declaration], functions: list[Declaration]) -> dict[str, str]:
    """Return all pages of the reference, text by file name."""
    groups: dict[str, list[Declaration]] = {name: [] for name in GROUPS}
    for declaration in (*statements, *functions):
        groups[_group_of(declaration)].append(declaration)
    methods = [d for d in statements if "::" in d.name]
    pages = {"README.md": _index(groups)}
    for name, declarations in groups.items():
        title, text = GROUPS[name]
        entries = "\n".join(_entry(d, methods) for d in declarations)
        pages[f"{name}.md"] = f"{_HEAD}# {title}\n\n{text}\n\n{entries}"
    return pages


def _index(groups: dict[str, list[Declaration]]) -> str:
    lines = [f"{_HEAD}# Reference\n\nThe language itself is described in [language.md](../language.md).\n"]
    for name, declarations in groups.items():
        title, text = GROUPS[name]
        lines.append(f"\n## [{title}]({name}.md)\n\n{text}\n\n| | |\n| --- | --- |\n")
        for declaration in declarations:
            if "::" not in declaration.name:
                link = f"[`{declaration.name}`]({name}.md#{_anchor(declaration)})"
                lines.append(f"| {link} | {_cell(first_sentence(declaration))} |\n")
    return "".join(lines)


def _anchor(declaration: Declaration) -> str:
    return "".join(c for c in _title(declaration).lower() if c.isalnum() or c in "-_ ").replace(" ", "-")


def _title(declaration: Declaration) -> str:
    return f"@{declaration.name}" if declaration.kind == "function" else declaration.name.replace("::", "->")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _entry(declaration: Declaration, methods: list[Declaration]) -> str:
    body, _, rest = declaration.doc.partition("\nExample:")
    lines = [f"## {_title(declaration)}\n", f"```\n{signature(declaration)}\n```\n", f"{body.strip()}\n"]
    rows = [f"| `{a.name}` | {_cell(_argument(a))} |" for a in declaration.arguments]
    if rows:
        lines.append("| argument | |\n| --- | --- |\n" + "\n".join(rows) + "\n")
    rows = [
        f"| {f'`.{v.name}`' if v.name else 'its value'} | {_cell(f'{v.shape.name}: {v.shape.means}')} |"
        for v in declaration.variables
    ]
    if rows:
        lines.append("| variable | |\n| --- | --- |\n" + "\n".join(rows) + "\n")
    own = f"{declaration.object_type}::"
    named = [m for m in methods if m.name.startswith(own)] if "::" not in declaration.name else []
    if named and declaration.kind != "function":
        links = ", ".join(f"[`->{m.name.partition('::')[2].replace('::', '->')}`](#{_anchor(m)})" for m in named)
        lines.append(f"Methods: {links}\n")
    lines.append(f"```\n{declaration.example}\n```\n")
    lines.extend(f"{line}\n" for line in rest.splitlines() if line.startswith("Source:"))
    return "\n".join(lines)


def _argument(argument: Argument) -> str:
    text = f"{argument.shape.name}: {argument.shape.means}"
    if argument.optional:
        text += "; may be left out"
    return f"{text}; any number of them" if argument.rest else text
