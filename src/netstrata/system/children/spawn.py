"""Starting a program: what it inherits and what it does not.

It is the standard library's vfork and exec: see docs/decisions/0004-children.md for what posix_spawn cannot do.
"""

import errno
import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Mapping
from typing import NamedTuple

from netstrata.contract.shapes.limits import UNLIMITED, Limit
from netstrata.ports import Command
from netstrata.values import Unavailable

NULL = -1
_RESET_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
# The system's lack of something, not the program's: the child was never there.
_NOT_STARTED = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


class ChildStreams(NamedTuple):
    """What a child's descriptors 0, 1 and 2 are: NULL for /dev/null, or one of ours; 1 and 2 may be themselves.

    It has others of ours also, under the same numbers.
    """

    stdin: int = NULL
    stdout: int = NULL
    stderr: int = NULL
    also: tuple[int, ...] = ()


class Account(NamedTuple):
    """A user as the system's databases know it."""

    uid: int
    gid: int
    groups: list[int]


def title(command: Command) -> str:
    """Return how messages call a program: its path."""
    return os.fsdecode(command.words[0]) or '""'


def stop_ignoring() -> None:
    """Undo what whoever started us let us inherit ignored: children must have it default, and reaping needs SIGCHLD.

    A signal that we go on ignoring gets a function that does nothing, for which exec puts the default back.
    """
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in signal.valid_signals():
        if number not in _RESET_BY_PYTHON and signal.getsignal(number) is signal.SIG_IGN:
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


def spawn(command: Command, streams: ChildStreams, environment: dict[bytes, bytes]) -> int:
    """Start a program in a process group of its own, and return its id.

    Raises: Unavailable if it was not started at all; OSError if the child was there and could not execute it.
    """
    account = find_account(command)
    mask = signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        child = _popen(command, streams, environment, account)
    except OSError as error:
        if error.errno in _NOT_STARTED:
            raise Unavailable(f"start {title(command)}", os.strerror(error.errno), error.errno) from None
        raise
    except subprocess.SubprocessError:
        raise Unavailable(f"start {title(command)}", _why_not(command.options.limits)) from None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    child.returncode = 0  # we reap it, by its pidfd: this object must not
    return child.pid


def _popen(
    command: Command, streams: ChildStreams, environment: dict[bytes, bytes], account: Account | None
) -> subprocess.Popen[bytes]:
    path = command.words[0]
    stdin, stdout, stderr = (subprocess.DEVNULL if source == NULL else source for source in streams[:3])
    options = command.options
    session = options.do_setsid
    limiting = None
    if options.limits:
        limiting, account = _limiting(options.limits, account), None
    return subprocess.Popen(
        command.words,
        executable=path if b"/" in path else b"./" + path,  # a bare name would be looked up in PATH
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        preexec_fn=limiting,
        pass_fds=streams.also,
        env={**environment, **options.environment} if options.environment else environment,
        start_new_session=session,
        process_group=None if session else 0,
        user=account.uid if account is not None else None,
        group=account.gid if account is not None else None,
        extra_groups=account.groups if account is not None else None,
    )


def _limiting(limits: Mapping[str, Limit], account: Account | None) -> Callable[[], None]:
    """Return what a child does before it becomes its program: take limits, which only root may raise, then a user."""
    import resource

    bounds = [(getattr(resource, f"RLIMIT_{name.upper()}"), (limit.soft, limit.hard)) for name, limit in limits.items()]

    def act() -> None:
        for number, pair in bounds:
            resource.setrlimit(number, pair)
        if account is not None:
            os.setgroups(account.groups)
            os.setgid(account.gid)
            os.setuid(account.uid)

    return act


def _why_not(limits: Mapping[str, Limit]) -> str:
    """Say which limit, or user, a child could not take."""
    import resource

    for name, limit in limits.items():
        ours = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))[1]
        if ours != UNLIMITED and (limit.hard == UNLIMITED or limit.hard > ours):
            asked = "unlimited" if limit.hard == UNLIMITED else str(limit.hard)
            return f"the limit {name} cannot be {asked}: the daemon's own is {ours}, and it may not give more"
    return f"its limits ({', '.join(limits)}) or its user cannot be set"
