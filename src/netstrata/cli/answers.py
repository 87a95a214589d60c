"""What a daemon answers, printed as it is: lists of things as tables, names and texts as lines."""

from typing import Any

from netstrata.cli.terminal_style import Paint, aligned, harmless


def print_answer(answer: dict[str, Any], paint: Paint) -> None:
    """Print all parts of an answer."""
    for name, part in harmless(answer).items():
        for line in _lines(part) if part != [] else [f"no {name}"]:
            print(paint.cut(line))


def _lines(part: Any) -> list[str]:
    if isinstance(part, list) and part and isinstance(part[0], dict):
        return table(part)
    if isinstance(part, list):
        return [_cell(one) for one in part]
    if isinstance(part, dict):
        return [f"{harmless(name)}  {_cell(value)}" for name, value in part.items()]
    return [_cell(part)]


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Return things in lines with a head, without columns that would be empty."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [[name.upper(), *(_cell(row.get(name)) for row in rows)] for name in names]
    return aligned(column for column in columns if any(column[1:]))


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_cell, value))
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)
