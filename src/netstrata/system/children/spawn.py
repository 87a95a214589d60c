"""Starting a program: what it inherits and what it does not.

posix_spawn starts all that keep our user: it does not copy our memory, and it resets every signal.  It cannot switch
users, so those go through the standard library's fork and exec, which does so without running Python in the child.
"""

import errno
import os
import pwd
import signal
import subprocess
from typing import NamedTuple

from netstrata.ports import Command
from netstrata.values import Unavailable

NULL = -1
_SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
_RESET_BY_FORK = (signal.SIGPIPE, signal.SIGXFSZ)
# The system's lack of something, not the program's: the child was never there.
_NOT_STARTED = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


class Streams(NamedTuple):
    """What a child's descriptors 0, 1 and 2 are: NULL for /dev/null, or one of ours; 1 and 2 may be themselves."""

    stdin: int = NULL
    stdout: int = NULL
    stderr: int = NULL


class Account(NamedTuple):
    """A user as the system's databases know it."""

    uid: int
    gid: int
    groups: list[int]


def title(command: Command) -> str:
    """Return how messages call a program: its path."""
    return os.fsdecode(command.words[0])


def close_to_children() -> None:
    """Mark every descriptor above 2 that we were started with; what Python opens later is marked from the start."""
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor > 2:
            try:
                os.set_inheritable(descriptor, False)
            except OSError as error:
                if error.errno != errno.EBADF:  # the one that listed the directory
                    raise


def stop_ignoring() -> None:
    """Undo what whoever started us let us inherit ignored: children must have it default, and reaping needs SIGCHLD.

    A signal that we go on ignoring gets a function that does nothing, for which exec puts the default back.
    """
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in _SIGNALS:
        if number not in _RESET_BY_FORK and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _nothing)


def _nothing(_number: int, _frame: object) -> None:
    """Take a signal, and do nothing."""


def find_account(command: Command) -> Account | None:
    """Find the user that a program is to run as; None is ours.

    Raises: Unavailable if there is no such user.
    """
    name = command.options.username
    if name is None:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Unavailable(f"start {title(command)}", f"there is no user {name}") from None
    return Account(entry.pw_uid, entry.pw_gid, os.getgrouplist(name, entry.pw_gid))


def spawn(command: Command, streams: Streams, environment: dict[bytes, bytes]) -> int:
    """Start a program in a process group of its own, and return its id.

    Raises: Unavailable if it was not started at all; OSError if the child was there and could not execute it.
    """
    account = find_account(command)
    try:
        if account is None:
            return _spawn_as_we_are(command, streams, environment)
        return _spawn_as(account, command, streams, environment)
    except OSError as error:
        if error.errno in _NOT_STARTED:
            reason = os.strerror(error.errno or 0)
            raise Unavailable(f"start {title(command)}", reason, error.errno or 0) from None
        raise


def _spawn_as_we_are(command: Command, streams: Streams, environment: dict[bytes, bytes]) -> int:
    actions: list[tuple[int, int, str, int, int] | tuple[int, int, int]] = []
    for target, source in enumerate(streams):
        if source == NULL:
            actions.append((os.POSIX_SPAWN_OPEN, target, os.devnull, os.O_RDWR, 0))
        elif source != target:
            actions.append((os.POSIX_SPAWN_DUP2, source, target))
    words = command.words
    if command.options.do_setsid:
        return os.posix_spawn(
            words[0], words, environment, file_actions=actions, setsid=True, setsigmask=(), setsigdef=_SIGNALS
        )
    return os.posix_spawn(
        words[0], words, environment, file_actions=actions, setpgroup=0, setsigmask=(), setsigdef=_SIGNALS
    )


def _spawn_as(account: Account, command: Command, streams: Streams, environment: dict[bytes, bytes]) -> int:
    path = command.words[0]
    stdin, stdout, stderr = (subprocess.DEVNULL if source == NULL else source for source in streams)
    mask = signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        child = subprocess.Popen(
            command.words,
            executable=path if b"/" in path else b"./" + path,  # a bare name would be looked up in PATH
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            start_new_session=command.options.do_setsid,
            process_group=None if command.options.do_setsid else 0,
            user=account.uid,
            group=account.gid,
            extra_groups=account.groups,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    child.returncode = 0  # we reap it, by its pidfd: this object must not
    return child.pid
