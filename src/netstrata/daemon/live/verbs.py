"""The verbs that change the program: each makes a candidate, and offers it."""

import hashlib
import os
import time
from collections.abc import Callable
from typing import Any

from netstrata.control.answers import Answer, Waiting
from netstrata.control.interface import NAME
from netstrata.control.verbs import Failure, Peer
from netstrata.daemon.live.document import Document, Mark, spawned_text
from netstrata.daemon.live.masks import unmasked
from netstrata.daemon.live.program import Candidate, LiveProgram, Terms, back_to, refused
from netstrata.daemon.live.room import check_room
from netstrata.engine.program import Code
from netstrata.language.refusals import Refusals


class ProgramVerbs:
    """What can be asked of one program that runs.

    Each function is the verb of its name.  Shapes: terms has what all of these verbs take: see `Terms`.
    """

    def __init__(self, program: LiveProgram) -> None:
        self._program = program
        self._key = os.urandom(16)  # nobody learns of a secret by guessing at what a text with it comes to

    def reload(self, right: int, peer: Peer, **terms: Any) -> Waiting[Answer]:
        """Read the program's files again."""
        return self._offer("reload", Terms(peer, **terms), self._program.document, is_back=None)

    def load(self, right: int, peer: Peer, text: str, file: str = "<load>", **terms: Any) -> Waiting[Answer]:
        """Add processes and templates."""
        mark = _mark(agreed := Terms(peer, **terms))
        check_room(text=len(text))
        document = self._edited(
            lambda: self._program.document.load(unmasked(text, "", file), file, mark, self._codes())
        )
        return self._offer(f"load {file}", agreed, document)

    def replace(
        self, right: int, peer: Peer, process: str, text: str, file: str = "<replace>", base: str = "", **terms: Any
    ) -> Waiting[Answer]:
        """Have another text of one process or template, unless it is not the one that this was made from any more."""
        own = self._text_of(process)
        if base not in ("", self._base_of(own)):
            raise Failure(f"{NAME}.OtherText", process=process)
        mark = _mark(agreed := Terms(peer, **terms))
        check_room(text=len(text))
        document = self._edited(lambda: self._program.document.replace(process, unmasked(text, own, file), file, mark))
        return self._offer(f"replace {process}", agreed, document)

    def unload(self, right: int, peer: Peer, process: str, force: bool = False, **terms: Any) -> Waiting[Answer]:
        """Have a process or template no more."""
        if process not in self._program.document.stopped:
            self._find(process)
        agreed = Terms(peer, **terms)
        document = self._program.document.unload(process, _mark(agreed))
        return self._offer(f"unload {process}", agreed, document, force=force)

    def stop(self, right: int, peer: Peer, process: str, **terms: Any) -> Waiting[Answer]:
        """Undo a process, and leave it so."""
        self._find(process)
        if self._program.engine.templates[process].template:
            raise Failure(f"{NAME}.Refused", text=f"{process} is a template, and does not run by itself")
        agreed = Terms(peer, **terms)
        return self._offer(f"stop {process}", agreed, self._program.document.stop(process, _mark(agreed)))

    def start(self, right: int, peer: Peer, process: str, **terms: Any) -> Waiting[Answer]:
        """Let a process run again that was stopped."""
        if process not in self._program.document.stopped:
            self._find(process)
        return self._offer(f"start {process}", Terms(peer, **terms), self._program.document.start(process))

    def spawn(
        self, right: int, peer: Peer, template: str, arguments: list[str], name: str, **terms: Any
    ) -> Waiting[Answer]:
        """Run a template as a process of its own."""
        self._find(template)
        return self.load(right, peer, spawned_text(template, arguments, name), "<spawn>", **terms)

    def plan(self, right: int) -> Waiting[Answer]:
        """Say what `reload` would do."""
        return self.reload(right, Peer(0, frozenset()), plan=True)

    def confirm(self, right: int, peer: Peer, version: int = 0) -> Waiting[Answer]:
        """Keep the program that waits to be confirmed."""
        return self._program.confirm(peer, version)

    def revert(self, right: int, peer: Peer, version: int = 0, **terms: Any) -> Waiting[Answer]:
        """Go back to a program that ran before."""
        history = self._program.history
        if history.awaited is not None and not version:
            version = history.awaited.previous
        found = history.others(self._program.runs, version)
        if not found:
            numbers = [str(one.number) for one in history.others(self._program.runs, 0)]
            raise Failure(f"{NAME}.NoSuchVersion", version=version, similar=numbers)
        return self._program.offer(back_to(found[-1], "asked for", Terms(peer, **terms)))

    def text(self, right: int, process: str) -> Answer:
        """Return one process or template as it is written, and what tells this text from others."""
        own = self._text_of(process)
        return {"text": own, "base": self._base_of(own), "loaded": process in self._program.document.loaded}

    def confirmation(self, right: int) -> Answer:
        """Return the program that waits to be confirmed, the one that runs, and why a watched file is not taken."""
        awaited = self._program.history.awaited
        running = [one for one in self._versions() if one["runs"]]
        return {
            **({"awaited": awaited.told()} if awaited is not None else {}),
            **({"runs": running[-1]} if running else {}),
            **({"problem": self._program.problem} if self._program.problem else {}),
        }

    def program(self, right: int) -> Answer:
        """Return the program as text, what was changed of its files, which programs there were, what is awaited."""
        found: Answer = {
            "text": "\n\n".join(_written(code) for code in self._codes().values()) + "\n",
            "changes": self._program.document.changes(),
            "versions": self._versions(),
        }
        return found | {name: told for name, told in self.confirmation(right).items() if name != "runs"}

    def _versions(self) -> list[dict[str, Any]]:
        runs = self._program.runs
        return [
            {"number": one.number, "who": one.who, "when": one.when, "why": one.why, "runs": runs.is_in(one)}
            for one in self._program.history.versions
        ]

    def _offer(
        self, why: str, terms: Terms, document: Document, is_back: bool | None = False, force: bool = True
    ) -> Waiting[Answer]:
        program = self._program
        read = program.read if is_back is None else program.read_again
        return program.offer(Candidate(why, terms, read, document, is_back, force))

    def _codes(self) -> dict[str, Code]:
        """Return each process and template by its name, in the program's order."""
        return {name: code for name, code in self._program.engine.templates.items() if not code.hidden}

    def _find(self, name: str) -> Code:
        """Return a process or template.

        Raises: Failure if nothing that runs has that name.
        """
        code = self._codes().get(name)
        if code is None:
            raise Failure(f"{NAME}.NoSuchProcess", process=name, similar=[])
        return code

    def _text_of(self, name: str) -> str:
        """Return a process or template as it is written, with what stands around it if it was loaded by itself.

        Raises: Failure if nothing that runs has that name.
        """
        code = self._find(name)
        own = self._program.document.loaded.get(name)
        return own.text if own is not None else _written(code)

    def _base_of(self, text: str) -> str:
        return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16, key=self._key).hexdigest()

    def _edited(self, edit: Callable[[], Document]) -> Document:
        try:
            return edit()
        except Refusals as refusals:
            raise refused(refusals) from None


def _written(code: Code) -> str:
    """Return a process or template as it is written."""
    span = code.span
    return span.source.text[span.start : span.end].decode("utf-8", "backslashreplace")


def _mark(terms: Terms) -> Mark:
    return Mark(terms.who, time.time(), terms.persist)
