"""The programs that have run, which of them runs, and whether somebody has to confirm that."""

import time
from asyncio import get_running_loop, wait
from collections.abc import Callable
from typing import Final, NamedTuple

from netstrata.control.answers import Later, Waiting
from netstrata.control.interface import NAME
from netstrata.control.verbs import Failure
from netstrata.daemon.live.aside import Aside, Driven
from netstrata.daemon.live.document import Document
from netstrata.daemon.live.kept import (
    MOST,
    KeptPrograms,
    Pinned,
    State,
    Texts,
    Unconfirmed,
    Version,
    boot,
    digest_of,
    now,
)

SOON_S: Final = 0.05  # until what nobody waits for is written: it takes the processor from what is to be answered


class Runs(NamedTuple):
    """A program: its texts by the paths that they are read from, and what people have changed of them."""

    texts: Texts
    document: Document

    def is_in(self, version: Version) -> bool:
        """Say whether a program that is kept is this one."""
        return version.texts == self.texts and version.document == self.document


class ToKeep(NamedTuple):
    """What is to be kept: all programs in memory; on disk new ones, and what is to be known of them."""

    versions: list[Version]
    new: list[Version]
    state: State
    must: bool  # the next daemon must know the state

    def write(self, kept: KeptPrograms) -> None:
        """Write it.

        Raises: OSError.
        """
        for version in self.new:
            kept.keep(version)
        if self.must:
            kept.keep_state(self.state)


class History:
    """What is kept of one daemon's programs."""

    def __init__(self, kept: KeptPrograms | None, state: State) -> None:
        """Take where it is kept, and what was known at the start."""
        self._versions: list[Version] | None = None  # once somebody asks for them
        self.pinned = state.pinned
        self.awaited = state.awaited
        self._kept = kept
        self.is_guarded = False  # the next daemon would run what runs now, though the files say something else already
        self._last = Later()  # comes when all is written
        self._last.come()
        self._alarm: Driven | None = None

    @property
    def versions(self) -> list[Version]:
        """The programs that are kept, the oldest first."""
        if self._versions is None:
            self._versions = self._kept.versions() if self._kept is not None else []
        return self._versions

    def keeping(self, before: Runs, after: Runs, why: str, who: str, confirm_s: int, is_back: bool | None) -> ToKeep:
        """Return what is to be kept of a program, and of the one before it, if that is not kept yet.

        Shapes: is_back says whether it is one that ran before; None says that it is what the files say.
        """
        versions = self._with(before)
        previous = versions[-1].number
        if after != before:
            versions.append(Version(previous + 1, who, time.time(), why, *after))
        number = versions[-1].number
        pinned = None
        if is_back is not None:
            pinned = self._pinned(number, before if is_back else None)
        awaited = Unconfirmed(number, previous, now() + confirm_s, boot(), who) if confirm_s else None
        state = State(after.document.only_persistent(), pinned, awaited)
        known = State(before.document.only_persistent(), self.pinned, self.awaited)
        new = [one for one in versions if one not in self.versions]
        return ToKeep(versions, new, state, must=state != known)

    def _with(self, runs: Runs) -> list[Version]:
        """Return the programs that are kept, the last of which is the one that runs."""
        versions = list(self.versions)
        if not versions or not runs.is_in(versions[-1]):
            number = versions[-1].number + 1 if versions else 1
            versions.append(Version(number, "uid 0", time.time(), "start", *runs))
        return versions

    def guard(self, runs: Runs, digests: dict[str, str]) -> Waiting[None]:
        """Have the next daemon run what runs now, as long as files say what they say, until `take` or `release`.

        Raises: Failure if that cannot be kept.
        """
        versions = self._with(runs)
        new = [one for one in versions if one not in self.versions]
        state = State(runs.document.only_persistent(), Pinned(versions[-1].number, digests), self.awaited)
        self.is_guarded = True
        yield from self.write(ToKeep(versions, new, state, must=True).write, must=True)
        self._versions = versions

    def release(self, document: Document) -> Waiting[None]:
        """Have the next daemon do what it would have done before `guard`."""
        self.is_guarded = False
        state = State(document.only_persistent(), self.pinned, self.awaited)
        yield from self.write(lambda kept: kept.keep_state(state), must=False)

    def _pinned(self, number: int, before: Runs | None) -> Pinned | None:
        """Return what says that a program runs instead of what the files say, if it does."""
        if self.pinned is not None:
            return Pinned(number, self.pinned.digests)
        if before is None:
            return None
        return Pinned(number, {path: digest_of(text) for path, text in before.texts.items()})

    def take(self, keeping: ToKeep, when_over: Callable[[], Waiting[None]]) -> None:
        """Know what has become the program; call something when the time to confirm it is over."""
        self._versions = keeping.versions[-MOST:]
        self.is_guarded = False
        self.pinned = keeping.state.pinned
        self.awaited = keeping.state.awaited
        self.wait(when_over)

    def wait(self, when_over: Callable[[], Waiting[None]], again_s: float | None = None) -> None:
        """Call something when the time to confirm the program is over, if it is to be confirmed, or after a time."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self.awaited is not None:
            self._alarm = Driven(when_over, self.awaited.left_s if again_s is None else again_s)

    def confirm(self, document: Document, when_over: Callable[[], Waiting[None]]) -> Waiting[None]:
        """Have the program confirmed.

        Raises: Failure if that cannot be kept: another daemon would go back.
        """
        state = State(document.only_persistent(), self.pinned)
        yield from self.write(lambda kept: kept.keep_state(state), must=True)
        self.awaited = None
        self.wait(when_over)

    def others(self, runs: Runs, number: int) -> list[Version]:
        """Return the programs that are kept and do not run, the oldest first; only one of them if number is not 0."""
        return [one for one in self.versions if number in (0, one.number) and not runs.is_in(one)]

    def write(self, write: Callable[[KeptPrograms], None], must: bool) -> Waiting[None]:
        """Write something where nobody else has to wait for a disk, after all that was to be written before.

        Raises: Failure if it must be kept, and cannot be.
        """
        before, self._last = self._last, Later()
        return self._write(write, must, before, self._last)

    def write_soon(self, write: Callable[[KeptPrograms], None]) -> None:
        """Write something as soon as all is answered; nobody waits for it."""
        work = self.write(write, must=False)
        Driven(lambda: work, SOON_S)

    async def written(self, longest_s: float) -> None:
        """Wait until all is written that was to be, but no longer than so many seconds."""
        done = get_running_loop().create_future()
        self._last.add_done_callback(lambda _: None if done.done() else done.set_result(None))
        await wait([done], timeout=longest_s)

    def _write(self, write: Callable[[KeptPrograms], None], must: bool, before: Later, after: Later) -> Waiting[None]:
        aside: Aside | None = None
        problem = "this daemon keeps nothing"
        try:
            if not before.done():
                yield before
            if self._kept is not None:
                aside = Aside(write, self._kept)
                yield aside.later
                if aside.error is None:
                    return
                problem = str(aside.error)
        finally:  # whoever waits for it may have gone away meanwhile
            (aside.later if aside is not None else before).add_done_callback(lambda _: after.come())
        if must:
            raise Failure(f"{NAME}.Unavailable", text=f"the program cannot be kept on disk: {problem}")
