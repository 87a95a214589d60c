"""The programs that have run, kept on disk: to go back to one, and to go on after the daemon was killed.

FOLDER/state   which one runs although the files say something else, which one waits to be confirmed until when,
               and what people have changed for good
FOLDER/N       a program: all its texts, who made it the program, when and why
"""

import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

from netstrata.daemon.live.document import Document
from netstrata.system.filesystem.atomic_file import PRIVATE, replace
from netstrata.system.filesystem.places import make_private_directory, read_file

MOST: Final = 20  # programs
Texts = dict[str, bytes]  # by the paths that they are read from
Read = Callable[[str], bytes]


class Version(NamedTuple):
    """A program that has run."""

    number: int
    who: str
    when: float  # seconds of wall time
    why: str
    texts: Texts
    document: Document

    def read(self, path: str) -> bytes:
        """Return one of its texts.

        Raises: OSError.
        """
        if path not in self.texts:
            raise FileNotFoundError(2, "this program has no such file", path)
        return self.texts[path]


class Unconfirmed(NamedTuple):
    """A program that somebody has to confirm; otherwise it goes back."""

    version: int
    previous: int
    deadline: float  # seconds of CLOCK_BOOTTIME
    boot: str
    who: str

    def told(self) -> dict[str, Any]:
        """Return it for who asks."""
        left = max(0.0, self.left_s)
        return {"left": left, "who": self.who, "version": self.version, "previous": self.previous}

    @property
    def left_s(self) -> float:
        """How long there still is, in seconds; nothing after another boot."""
        return self.deadline - now() if self.boot == boot() else 0.0


class Pinned(NamedTuple):
    """A program that runs although files say something else: as long as they say just that."""

    version: int
    digests: dict[str, str]  # of the files that were gone back from


class State(NamedTuple):
    """What is to be known when a daemon starts."""

    document: Document
    pinned: Pinned | None = None
    awaited: Unconfirmed | None = None


class KeptPrograms:
    """The folder of one daemon."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def state(self) -> State:
        """Return what is to be known at the start; what makes no sense is as if it were not there."""
        found = self._read("state")
        if found is None:
            return State(Document())
        try:
            pinned, awaited = found["pinned"], found["awaited"]
            return State(
                Document.of_json(found["document"]),
                Pinned(**pinned) if pinned is not None else None,
                Unconfirmed(**awaited) if awaited is not None else None,
            )
        except (KeyError, TypeError, ValueError):
            return State(Document())

    def keep_state(self, state: State) -> None:
        """Keep it.

        Raises: OSError.
        """
        pinned = state.pinned._asdict() if state.pinned is not None else None
        awaited = state.awaited._asdict() if state.awaited is not None else None
        self._write("state", {"document": state.document.as_json(), "pinned": pinned, "awaited": awaited})

    def versions(self) -> list[Version]:
        """Return all programs that are kept, the oldest first."""
        numbers: list[int] = []
        with suppress(OSError):
            numbers = sorted(int(name) for name in os.listdir(self._folder) if name.isdecimal())
        return [version for number in numbers if (version := self.version(number)) is not None]

    def version(self, number: int) -> Version | None:
        """Return one program, None if it is not kept."""
        found = self._read(str(number))
        try:
            if found is not None:
                texts = {path: text.encode("utf-8", "surrogateescape") for path, text in found["texts"].items()}
                document = Document.of_json(found["document"])
                return Version(number, found["who"], found["when"], found["why"], texts, document)
        except (AttributeError, KeyError, TypeError, ValueError):
            pass
        return None

    def keep(self, version: Version) -> None:
        """Keep a program, and no more than MOST.

        Raises: OSError.
        """
        texts = {path: text.decode("utf-8", "surrogateescape") for path, text in version.texts.items()}
        rest = {"who": version.who, "when": version.when, "why": version.why}
        self._write(str(version.number), {**rest, "texts": texts, "document": version.document.as_json()})
        with suppress(OSError):
            os.unlink(os.path.join(self._folder, str(version.number - MOST)))

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads(read_file(os.path.join(self._folder, name)))
        except (OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def _write(self, name: str, what: dict[str, Any]) -> None:
        os.makedirs(os.path.dirname(self._folder), 0o755, exist_ok=True)
        make_private_directory(self._folder)
        replace(os.path.join(self._folder, name), json.dumps(what).encode("utf-8", "surrogateescape"), PRIVATE)


def digest_of(text: bytes) -> str:
    """Return what tells a text from others."""
    return hashlib.sha256(text).hexdigest()


def now() -> float:
    """Return the time in which deadlines are given: it goes on while the machine sleeps, and nobody sets it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot() -> str:
    """Return what tells this boot of the machine from others; source: random(4)."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
