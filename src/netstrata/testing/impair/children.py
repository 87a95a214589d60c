"""Programs that cannot be started, or are not what they should be."""

import errno as errors
import os
import subprocess
from typing import Any, Literal

from netstrata.testing.impair.impairment import impairment
from netstrata.testing.impair.seams import Seams
from netstrata.testing.impair.turns import Turns

Errno = Literal[
    "EAGAIN", "ENOMEM", "ENOENT", "EACCES", "EPERM", "ENOEXEC", "ETXTBSY", "E2BIG", "EMFILE", "ENFILE", "EIO", "ELOOP"
]
Shape = dict[str, Any]


@impairment
def unstarted(seams: Seams, *, errno: Errno, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Refuse to start a program: no process is to be had (fork), or it cannot be executed."""
    number = getattr(errors, errno)

    def fail() -> None:
        raise OSError(number, os.strerror(number))

    _before(seams, name, Turns(n, times, during), fail)


@impairment
def no_memory_to_start(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have no memory left in the daemon when a program is started."""

    def fail() -> None:
        raise MemoryError

    _before(seams, name, Turns(n, times, during), fail)


@impairment
def child_crashes(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have a program crash at once, before it does anything."""
    _instead(seams, name, Turns(n, times, during), "kill -SEGV $$")


@impairment
def child_crashes_later(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have a program crash a moment after it has begun to run."""
    _instead(seams, name, Turns(n, times, during), "echo begun; sleep 0.05; kill -SEGV $$")


@impairment
def child_crashes_done(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have a program crash when it has done what it was to do."""
    _instead(seams, name, Turns(n, times, during), '"$@"; kill -SEGV $$')


@impairment
def child_fails(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have a program end with an error, before it does anything."""
    _instead(seams, name, Turns(n, times, during), 'echo "no luck today" >&2; exit 3')


@impairment
def child_hangs(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have a program do nothing, for ever, and pay no heed to SIGTERM."""
    _instead(seams, name, Turns(n, times, during), "trap '' TERM; while :; do sleep 1; done")


@impairment
def child_floods(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have a program write 400 kB of lines before it does what it was to do."""
    _instead(seams, name, Turns(n, times, during), 'yes flood | head -c 400000; exec "$@"')


@impairment
def child_babbles(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have a program write bytes that are no text, and one endless line, before it does what it was to do."""
    _instead(seams, name, Turns(n, times, during), 'head -c 200000 /dev/urandom | tr -d "\\n"; exec "$@"')


@impairment
def child_stops(
    seams: Seams, *, name: str = "", for_s: float = 0.2, n: int = 1, times: int = 1, during: str = ""
) -> None:
    """Have a program stand still for a while (SIGSTOP) before it does what it was to do."""
    _instead(seams, name, Turns(n, times, during), f'(sleep {for_s}; kill -CONT $$) & kill -STOP $$; exec "$@"')


@impairment
def child_is_mute(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have a program close its output before it does what it was to do."""
    _instead(seams, name, Turns(n, times, during), 'exec "$@" >&- 2>&-')


def _before(seams: Seams, name: str, turns: Turns, act: Any) -> None:
    def wrapped(real: Any) -> Any:
        def started(words: list[bytes], **options: Any) -> Any:
            if name.encode() in os.path.basename(words[0]) and turns.is_next():
                act()
            return real(words, **options)

        return started

    seams.calls(subprocess, "Popen", wrapped)


def _instead(seams: Seams, name: str, turns: Turns, script: str) -> None:
    """Run a shell in place of a program, which is its $1 with the words behind it."""

    def wrapped(real: Any) -> Any:
        def started(words: list[bytes], **options: Any) -> Any:
            if name.encode() in os.path.basename(words[0]) and turns.is_next():
                command = [b"/bin/sh", b"-c", script.encode(), b"sh", options["executable"], *words[1:]]
                return real(command, **{**options, "executable": b"/bin/sh"})
            return real(words, **options)

        return started

    seams.calls(subprocess, "Popen", wrapped)
