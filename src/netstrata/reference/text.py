"""A declaration as a page of plain text, and all of them as an index."""

import textwrap

from netstrata.contract import Argument, Declaration

WIDTH = 100


def signature(declaration: Declaration) -> str:
    """Return how it is written: `net.ipv4.addr(link, network)`, `list->append(element)`, `@concat(parts…)`."""
    synopsis = declaration.synopsis()
    if declaration.kind == "function":
        return f"@{synopsis}"
    return synopsis.replace("::", "->")


def first_sentence(declaration: Declaration) -> str:
    """Return the first line of the documentation."""
    return declaration.doc.partition("\n")[0]


def page(declaration: Declaration, methods: list[Declaration], width: int = WIDTH) -> str:
    """Return the manual of one statement, method or function.

    Shapes: methods are those that can be called on it; width is in columns.
    """
    head = signature(declaration)
    kind = declaration.kind
    lines = [f"{head}{' ' * max(2, width - len(head) - len(kind))}{kind}"]
    body, _, rest = declaration.doc.partition("\nExample:")
    for paragraph in body.split("\n\n"):
        lines.extend(_wrapped(" ".join(paragraph.split()), "  ", width))
        lines.append("")
    rows = [_argument_row(argument) for argument in declaration.arguments]
    rows += [
        (f".{v.name}" if v.name else "(value)", _shape(v.shape.name, v.shape.means)) for v in declaration.variables
    ]
    if rows:
        wide = max(len(name) for name, _ in rows) + 2
        for name, text in rows:
            lines.extend(_wrapped(text, f"  {name:<{wide}}", width))
        lines.append("")
    if methods:
        names = ", ".join(f"->{m.name.partition('::')[2].replace('::', '->')}" for m in methods)
        lines.extend(_wrapped(names, "  Methods: ", width))
        lines.append("")
    example = declaration.example
    if example:
        lines.append("  Example:")
        lines.extend(f"      {line}".rstrip() for line in example.splitlines())
        lines.append("")
    for line in rest.splitlines():
        if line.startswith("Source:"):
            lines.extend([f"  {line}", ""])
    return "\n".join(lines)


def _argument_row(argument: Argument) -> tuple[str, str]:
    text = _shape(argument.shape.name, argument.shape.means)
    if argument.optional:
        text += "; may be left out"
    if argument.rest:
        text += "; any number of them"
    return argument.name, text


def _shape(name: str, means: str) -> str:
    for article in ("a ", "an "):
        if name.startswith(article):
            name = name[len(article) :]
            break
    return f"{name}: {means}"


def _wrapped(text: str, lead: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [lead.rstrip()]


def index(statements: list[Declaration], functions: list[Declaration], width: int = WIDTH) -> str:
    """Return all names, each with its first sentence."""
    lines: list[str] = []
    groups = (
        ("Statements", [d for d in statements if "::" not in d.name]),
        ("Methods", [d for d in statements if "::" in d.name]),
        ("Functions", functions),
    )
    for title, declarations in groups:
        lines.append(f"{title} ({len(declarations)})")
        wide = max((len(d.name) for d in declarations), default=0) + 2
        for declaration in declarations:
            text = f"  {declaration.name:<{wide}}{first_sentence(declaration)}"
            lines.append(text if len(text) <= width else text[: width - 1] + "…")
        lines.append("")
    return "\n".join(lines)
