#!/usr/bin/env python3
"""Makes the manual pages: what people have written about the commands, and what the command line itself says of them.

tools/manual_page.py FOLDER     writes netstrata.1 and netstrata-ncd.1; whoever packages us calls it
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from netstrata.cli.commands import command_line
from netstrata.cli.options import USAGE

HERE = Path(__file__).resolve().parents[1] / "packaging" / "man"


def commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the lines about all commands, in mdoc; source: mdoc(7)."""
    found = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    helps = {choice.dest: choice.help or "" for choice in found._choices_actions}
    for name, command in found.choices.items():
        yield f".Ss {name}"
        yield f".Nm Cm {name}"
        actions = [action for action in command._actions if action.dest != "help" and action.help != argparse.SUPPRESS]
        yield from (_usage(action) for action in actions)
        yield ".Pp"
        yield _sentence(helps[name])
        if command.epilog:
            yield _sentence(command.epilog)
        yield from _list(command, [action for action in actions if action.help])


def _list(command: argparse.ArgumentParser, actions: list[argparse.Action]) -> Iterator[str]:
    if not actions:
        return
    yield ".Bl -tag -width Ds"
    for action in actions:
        names = " , ".join(f"Fl {_escaped(option[1:])}" for option in action.option_strings)
        value = f" {_value(action)}" if not names or action.nargs != 0 else ""
        yield f".It {names}{value}".replace(".It  ", ".It ")
        yield _sentence(command._get_formatter()._expand_help(action))
    yield ".El"


def _usage(action: argparse.Action) -> str:
    if not action.option_strings:
        optional = action.nargs in ("?", "*")
        return f".{'Op ' if optional else ''}{_value(action)}{' ...' if action.nargs in ('+', '*') else ''}"
    value = f" {_value(action)}" if action.nargs != 0 else ""
    return f".Op Fl {_escaped(action.option_strings[-1][1:])}{value}"


def _value(action: argparse.Action) -> str:
    """Return what stands for a value: a word for any, or the words that it may be."""
    if action.choices is not None:
        text = " | ".join(f"Cm {choice}" for choice in action.choices)
    else:
        text = f"Ar {_escaped(str(action.metavar or action.dest))}"
    return f"Oo {text} Oc" if action.nargs == "?" and action.option_strings else text


def _escaped(text: str) -> str:
    return text.replace("\\", "\\e").replace('"', "\\(dq")


def _sentence(text: str) -> str:
    """Return a help text as a sentence that no macro is in."""
    text = text.replace("\\", "\\e")
    text = text[:1].upper() + text[1:] if not text.startswith("-") else f"\\&{text}"
    return (f"\\&{text}" if text[:1] in ".'" else text) + ("" if text.endswith(".") else ".")


def ncd_options() -> Iterator[str]:
    """Yield the options of NCD's command line."""
    for line in USAGE:
        words = line.strip("[] .").split(" ", 1)
        if words[0].startswith("--") and len(words[0]) > 2:
            value = words[1].rstrip("]. ") if len(words) > 1 else ""
            yield f".It Fl {words[0][1:]}" + (f" Ar {_escaped(value)}" if value else "")


def pages() -> dict[str, str]:
    """Return the pages by file name."""
    made: dict[str, str] = {}
    for name, mark, lines in (
        ("netstrata.1", "@COMMANDS@", commands(command_line())),
        ("netstrata-ncd.1", "@OPTIONS@", ncd_options()),
    ):
        made[name] = (HERE / f"{name}.in").read_text().replace(mark, "\n".join(lines))
    return made


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)
