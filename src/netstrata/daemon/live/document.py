"""What people have changed of a program that runs: an edit of what its file says, and as text itself.

A document never changes; each verb makes another one of it, or is refused with words.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from netstrata.language.parser import parse
from netstrata.language.refusals import Mistake, Refusals
from netstrata.language.tree import File, Process
from netstrata.language.valuetext import format_value
from netstrata.values import Refused, Source


class Mark(NamedTuple):
    """Who changed something, when (seconds of wall time), and whether that outlives the daemon."""

    who: str
    when: float
    persist: bool


class Loaded(NamedTuple):
    """A process or template that somebody has loaded."""

    text: str
    file: str  # the name of what it came from
    mark: Mark

    def source(self, name: str) -> Source:
        """Return its text to be read: places in it are its own, whatever else was in the file."""
        return Source(f"{self.file} ({name})", self.text.encode("utf-8", "surrogateescape"))


class Document(NamedTuple):
    """What was loaded, unloaded and stopped, by the names of processes and templates."""

    loaded: dict[str, Loaded] = {}
    unloaded: dict[str, Mark] = {}
    stopped: dict[str, Mark] = {}

    def edit(self, processes: list[Process]) -> list[Process]:
        """Return what a program's file says, as it is with these changes.

        Raises: Refusals.
        """
        found: list[Process] = []
        left = dict(self.loaded)
        for process in processes:
            own = left.pop(process.name, None)
            if own is not None:
                found += _read(own.source(process.name))
            elif process.name not in self.unloaded:
                found.append(process)
        for name, own in left.items():
            found += _read(own.source(name))
        return [one for one in found if one.template or one.name not in self.stopped]

    def load(self, text: str, file: str, mark: Mark, known: Iterable[str]) -> "Document":
        """Return it with processes and templates out of a text, whose names nothing else has.

        Raises: Refusals.
        """
        taken = set(known) | self.loaded.keys() | self.stopped.keys()
        return self._with(text, file, mark, lambda name: "" if name not in taken else TAKEN.format(name))

    def replace(self, name: str, text: str, file: str, mark: Mark) -> "Document":
        """Return it with another text of one process or template.

        Raises: Refusals.
        """
        return self._with(text, file, mark, lambda found: "" if found == name else OTHER.format(found, name))

    def _with(self, text: str, file: str, mark: Mark, refusal: Callable[[str], str]) -> "Document":
        source = Source(file, text.encode("utf-8", "surrogateescape"))
        loaded = dict(self.loaded)
        unloaded = dict(self.unloaded)
        refused: list[Refused] = []
        processes = _read(source)
        for process in processes:
            problem = refusal(process.name)
            if problem:
                hint = "`netstrata replace NAME` takes another text of one that is there."
                refused.append(Refused(problem, process.name_span, hint))
            span = process.span
            own = source.text[span.start : span.end] if len(processes) > 1 else source.text  # with its comments
            loaded[process.name] = Loaded(own.decode("utf-8", "surrogateescape"), file, mark)
            unloaded.pop(process.name, None)
        if refused:
            raise Refusals(refused)
        return self._replace(loaded=loaded, unloaded=unloaded)

    def unload(self, name: str, mark: Mark) -> "Document":
        """Return it without a process or template."""
        loaded = {key: value for key, value in self.loaded.items() if key != name}
        stopped = {key: value for key, value in self.stopped.items() if key != name}
        return Document(loaded, {**self.unloaded, name: mark}, stopped)

    def stop(self, name: str, mark: Mark) -> "Document":
        """Return it with a process that does not run."""
        return self._replace(stopped={**self.stopped, name: mark})

    def start(self, name: str) -> "Document":
        """Return it with a process that runs again."""
        return self._replace(stopped={key: value for key, value in self.stopped.items() if key != name})

    def only_persistent(self) -> "Document":
        """Return what of it outlives the daemon."""
        return Document(
            {name: one for name, one in self.loaded.items() if one.mark.persist},
            {name: one for name, one in self.unloaded.items() if one.persist},
            {name: one for name, one in self.stopped.items() if one.persist},
        )

    def sources(self) -> list[Source]:
        """Return the texts of what is loaded."""
        return [one.source(name) for name, one in self.loaded.items()]

    def changes(self) -> list[dict[str, Any]]:
        """Return each change: what was done, to which process or template, by whom, when."""
        told: list[tuple[str, str, Mark]] = [("loaded", name, one.mark) for name, one in self.loaded.items()]
        told += [("unloaded", name, mark) for name, mark in self.unloaded.items()]
        told += [("stopped", name, mark) for name, mark in self.stopped.items()]
        return [{"what": what, "process": name, **mark._asdict()} for what, name, mark in told]

    def as_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {
            "loaded": {name: [one.text, one.file, *one.mark] for name, one in self.loaded.items()},
            "unloaded": {name: [*one] for name, one in self.unloaded.items()},
            "stopped": {name: [*one] for name, one in self.stopped.items()},
        }

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> "Document":
        """Read it again.

        Raises: KeyError, TypeError, ValueError if it is none.
        """
        if not all(isinstance(found[name], dict) for name in cls._fields):
            raise TypeError("it is no document of changes")
        return cls(
            {name: Loaded(text, file, Mark(*mark)) for name, (text, file, *mark) in found["loaded"].items()},
            {name: Mark(*mark) for name, mark in found["unloaded"].items()},
            {name: Mark(*mark) for name, mark in found["stopped"].items()},
        )


TAKEN: Final = "there is a process or template `{}` already"
OTHER: Final = "this is `{}`, and `{}` is to be replaced"


def spawned_text(template: str, arguments: list[str], name: str) -> str:
    """Return the text of a process that runs a template with arguments."""
    return f"process {name} {{ call({_quoted(template)}, {{{', '.join(map(_quoted, arguments))}}}); }}"


def _quoted(text: str) -> str:
    return format_value(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _read(source: Source) -> list[Process]:
    """Return the processes and templates of a text.

    Raises: Refusals, also if it includes something: where that would be looked for is not known.
    """
    file: File
    file, mistakes = parse(source)
    found: list[Process] = []
    for element in file.elements:
        if isinstance(element, Process):
            found.append(element)
        else:
            mistakes.append(Mistake("what is loaded includes nothing", element.span, "load each file by itself."))
    if not mistakes and not found:
        mistakes.append(Mistake("there is no process and no template in it", file.span, "write one."))
    if mistakes:
        raise Refusals([*mistakes])
    return found
