"""Which program a daemon starts with: what its files say, unless another one is to run, or was never confirmed."""

from collections.abc import Callable
from typing import NamedTuple

from netstrata.daemon.live.document import Document
from netstrata.daemon.live.kept import KeptPrograms, Pinned, Read, State, digest_of
from netstrata.language.diagnostics import render_all
from netstrata.language.load import load
from netstrata.language.refusals import Refusals
from netstrata.language.tree import PlainProgram


class Start(NamedTuple):
    """How the program is read, what people have changed of it, what is known of it, and what to say of that."""

    read: Read
    document: Document
    state: State
    note: str = ""


def load_as_changed(
    path: str, kept_in: str, changed: Document | None, read: Read, say: Callable[[str], None]
) -> tuple[PlainProgram, Start]:
    """Read the program that is to run, and return how that is to go on.

    Shapes: changed is what people had changed of it when the daemon before us was upgraded; if that makes no program
    any more, it is dropped with a word.
    Raises: Refusals; OSError if what is decided here cannot be kept.
    """
    start = start_of(KeptPrograms(kept_in), read)
    if start.note:
        say(f"note: {start.note} (netstrata program --versions)")
    if changed is not None:
        try:
            return load(path, start.read, changed.edit), start._replace(document=changed)
        except Refusals as refusals:
            say(f"warning: what was changed of the program is dropped: {render_all(refusals.refused)}")
    return load(path, start.read, start.document.edit), start


def start_of(kept: KeptPrograms, read: Read) -> Start:
    """Return how to start.

    Raises: OSError if what is decided here cannot be kept.
    """
    state = kept.state()
    awaited = state.awaited
    if awaited is not None:
        is_over = awaited.left_s <= 0
        version = kept.version(awaited.previous if is_over else awaited.version)
        if version is not None and not is_over:
            return Start(version.read, version.document, state, "the program waits to be confirmed still")
        if version is not None:
            refused = kept.version(awaited.version)
            digests = {path: digest_of(text) for path, text in (refused.texts if refused else {}).items()}
            state = State(state.document, Pinned(version.number, digests))
            kept.keep_state(state)
            return Start(version.read, version.document, state, "nobody has confirmed the program: went back")
    if state.pinned is not None:
        version = kept.version(state.pinned.version)
        if version is not None and all(_is(read, path, digest) for path, digest in state.pinned.digests.items()):
            note = "the program is not what its file says, for that was gone back from, or was never confirmed"
            return Start(version.read, version.document, state, note)
    if state.pinned is not None or awaited is not None:
        state = State(state.document)
        kept.keep_state(state)
    return Start(read, state.document, state)


def _is(read: Read, path: str, digest: str) -> bool:
    """Say whether a file says still what somebody went back from."""
    try:
        return digest_of(read(path)) == digest
    except OSError:
        return False
