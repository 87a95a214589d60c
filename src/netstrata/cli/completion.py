"""What a shell offers at the TAB key: commands and options as the command line's reader knows them, and names of the
running daemon.

The shells' own parts (`netstrata completion SHELL`) hand over the line up to the cursor, and show what comes back: a
word and, after a tabulator, what it is, or `:files` where any file may stand.  Nothing is generated from the command
line's description for the shells: names come from the daemon, so they have to ask anyway.
"""

import argparse
import shlex
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon, Refusal
from netstrata.control.interface import KINDS

WAIT_S: Final = 0.5  # for a daemon; who presses TAB does not wait longer
FILES: Final = ":files"
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,+@%=")


class Completion(NamedTuple):
    """A word, and what it is."""

    word: str
    text: str = ""


def complete(shell: str, line: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield what can stand at the end of a line."""
    words, last = _words_of(line)
    for offer in _Line(parser).offers(words[1:], last):
        if offer.word == FILES:
            yield FILES
        elif offer.word.startswith(last):
            word = _for_bash(offer.word, last) if shell == "bash" else offer.word
            yield f"{word}\t{offer.text}" if offer.text else word


def _words_of(line: str) -> tuple[list[str], str]:
    """Return the whole words of a line that is not finished, and the last one, which may be empty."""
    for closed in (line, f"{line}'", f'{line}"', f"{line} "):
        try:
            words = shlex.split(closed)
        except ValueError:
            continue
        if closed == line and (not line or line[-1].isspace()):
            return words or [""], ""
        return (words[:-1] or [""], words[-1]) if len(words) > 1 else ([""], "")
    return [""], ""


def _for_bash(word: str, last: str) -> str:
    """Return a word as bash wants it: quoted, and only what comes after the last colon, where it begins a new word."""
    shown = word[last.rfind(":") + 1 :]
    return "".join(c if c in _PLAIN or c.isalnum() else f"\\{c}" for c in shown)


class _Line:
    """A line being followed word by word."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser
        self._command = ""
        self._control = ""
        self._places: list[argparse.Action] = _positionals(parser)
        self._value_of: argparse.Action | None = None

    def offers(self, words: list[str], last: str) -> Iterator[Completion]:
        """Yield what can follow some words; `last` is what of it is there."""
        for word in words:
            if word == "--":
                yield Completion(FILES)
                return
            self._follow(word)
        if self._value_of is not None:
            yield from self._values(self._value_of)
        elif last.startswith("-"):
            for action in self._parser._actions:
                if action.help is not argparse.SUPPRESS:
                    yield from (Completion(option, action.help or "") for option in action.option_strings)
        elif self._places:
            yield from self._values(self._places[0])

    def _follow(self, word: str) -> None:
        """Take a word that is there."""
        if self._value_of is not None:
            if self._value_of.dest == "control":
                self._control = word
            self._value_of = None
        elif word.startswith("-") and word != "-":
            option, equals, value = word.partition("=")
            action = self._parser._option_string_actions.get(option)
            if action is not None and action.nargs in (None, 1) and not equals:
                self._value_of = action
            elif action is not None and action.dest == "control":
                self._control = value
        elif self._places:
            place = self._places[0]
            if isinstance(place, argparse._SubParsersAction):
                self._command = word
                self._parser = place.choices.get(word, argparse.ArgumentParser(add_help=False))
                self._places = _positionals(self._parser)
            elif place.nargs not in ("+", "*"):
                del self._places[0]

    def _values(self, action: argparse.Action) -> Iterator[Completion]:
        """Yield the values that an option or a place may have."""
        if isinstance(action, argparse._SubParsersAction):
            yield from (Completion(choice.dest, choice.help or "") for choice in action._choices_actions)
        elif action.dest == "kind":
            yield from (Completion(kind) for kind in KINDS)
        elif action.choices is not None:
            yield from (Completion(str(choice)) for choice in action.choices)
        elif (self._command, action.dest) in _FILE_PLACES or action.dest in _FILE_PLACES:
            yield Completion(FILES)
        elif action.dest in _NAMES:
            try:
                yield from _NAMES[action.dest](Connection(self._control, WAIT_S))
            except (NoDaemon, Refusal):
                return
        elif (self._command, action.dest) == ("doc", "name"):
            yield from _declared()


def _positionals(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if not action.option_strings]


def _processes(daemon: Connection) -> Iterator[Completion]:
    for process in daemon.call("Status", below=True)["processes"]:
        yield Completion(process["process"], process["state"])


def _places(daemon: Connection) -> Iterator[Completion]:
    for process in daemon.call("Status", below=True)["processes"]:
        yield Completion(process["process"], process["state"])
        for floor in process["floors"]:
            yield Completion(f"{process['process']}:{floor['statement']}", f"{floor['name']}, {floor['state']}")


def _statements(daemon: Connection) -> Iterator[Completion]:
    floors = [floor for process in daemon.call("Status", below=True)["processes"] for floor in process["floors"]]
    yield from (Completion(name) for name in dict.fromkeys(floor["name"] for floor in floors))


def _goals(daemon: Connection) -> Iterator[Completion]:
    yield from (Completion(goal["name"], goal["state"]) for goal in daemon.call("Goals")["goals"])


def _generated(daemon: Connection) -> Iterator[Completion]:
    for file in daemon.call("Files")["files"]:
        yield Completion(file["name"], f"{file['process']}.{file['statement']}")


def _links(daemon: Connection) -> Iterator[Completion]:
    yield from (Completion(link["name"], link["kind"]) for link in daemon.call("Links")["links"])


def _declared() -> Iterator[Completion]:
    """Yield the names of all statements, methods and functions of this installation."""
    from netstrata.daemon.running.registry import make_registry

    registry = make_registry()
    for declaration in (*registry.declarations(), *registry.functions()):
        yield Completion(declaration.name, declaration.synopsis())


# By what the words are called where the command line is described.
_NAMES: Final[dict[str, Callable[[Connection], Iterator[Completion]]]] = {
    "file": _generated,
    "goal": _goals,
    "link": _links,
    "place": _places,
    "process": _processes,
    "statement": _statements,
}
_FILE_PLACES: Final[set[Any]] = {"control", "output", "program", "programs", "record", "state", ("replay", "file")}
