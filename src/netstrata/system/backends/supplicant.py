"""A wpa_supplicant that runs for a link: what it says, and what it does not say, which the link's carrier tells.

On a wire, wpa_supplicant 2.10 neither says that the cable was pulled nor asks again when it is back.  SIGHUP, by which
it reads its configuration again, makes it do so, whoever has written that: a control socket is not always there.
In the air, a roam that every access point denies ends without a word that the old one is lost, too: the kernel had left
that one before it asked the next.  Each roam is without carrier for a moment, so only one that lasts counts.
"""

import asyncio
import os
from ast import literal_eval
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from netstrata.contract import KERNEL, SUPPLICANT, Holder
from netstrata.protocols.wpa import IDLE, WIRE, Wpa, step
from netstrata.protocols.wpa_diagnosis import Diagnosis
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.ports import Links
    from netstrata.system.children import Child


ROAM_S: Final = 10  # how long wpa_supplicant itself waits for an access point


class Supplicant:
    """Where a link is, by all that is known."""

    __slots__ = ("_carrier", "_changes", "_child", "_diagnosis", "_is_wire", "_link", "_links", "_shown", "_state",
                 "_statement", "_stop", "_timer")  # fmt: skip

    def __init__(self, link: str, links: "Links", statement: Holder | None) -> None:
        """Take who knows of its carrier, and whom to tell how the authentication goes."""
        self._link = link
        self._links = links
        self._statement = statement
        self._state: Wpa = IDLE
        self._shown: Wpa = IDLE
        self._diagnosis = Diagnosis(os.fsencode(link))
        self._changes: asyncio.Queue[Wpa | None] = asyncio.Queue()
        self._child: Child | None = None
        self._carrier = True
        self._is_wire = False
        self._stop: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def follow(self, child: "Child") -> None:
        """Take the program, go on from where it was last known to be, and be called when it ends."""
        self._child = child
        if child.keeping is not None and child.keeping.memory:
            self._become(Wpa(*literal_eval(child.keeping.memory.decode())))
        child.catch_up()
        self._changes = asyncio.Queue()  # of what it said while nobody listened, only where it is now matters
        if self._shown.up:
            self._changes.put_nowait(self._shown)
        child.when_ended(lambda: self._changes.put_nowait(None))

    def leave(self) -> None:
        """Listen to the carrier no more."""
        stop, self._stop = self._stop, _nothing
        if stop is not None:
            stop()
        self._cancel()

    async def changed(self) -> Wpa | None:
        """Wait until the link comes up, goes down, or is up with another one; None when the program has ended."""
        return await self._changes.get()

    def look(self, line: str) -> None:
        """Look at a line."""
        said = self._diagnosis.read(line.encode())
        if said:
            self._note(f"wpa_supplicant: {said}", SUPPLICANT)
        self._become(step(self._state, line.encode(), os.fsencode(self._link)))

    def _become(self, state: Wpa) -> None:
        before, self._state = self._state, state
        if state != before and self._child is not None and self._child.keeping is not None:
            self._child.keeping.remember(repr(tuple(state)).encode())
        self._is_wire |= state.peer == WIRE
        if state.peer is not None and self._stop is None:
            self._begin_to_follow()
        self._show()

    def _show(self) -> None:
        up = self._state.up and (self._carrier or not self._is_wire)
        shown = Wpa(self._state.peer, True) if up else IDLE
        if shown != self._shown:
            self._shown = shown
            self._changes.put_nowait(shown)

    def _begin_to_follow(self) -> None:
        try:
            self._stop = self._links.follow_carrier(self._link, self._on_carrier)
        except Unavailable as error:  # then only what is said counts
            self._stop = _nothing
            self._note(str(error), KERNEL)

    def _on_carrier(self, carrier: bool) -> None:
        if carrier == self._carrier:
            return
        self._carrier = carrier
        self._cancel()
        if carrier and self._is_wire:
            self._ask_again()
        elif not carrier and self._is_wire:
            self._lose()
        elif not carrier and self._state.up:
            self._timer = asyncio.get_running_loop().call_later(ROAM_S, self._lose)

    def _ask_again(self) -> None:
        """Have a wire authenticated; what was said before its carrier was back counts no more."""
        self._diagnosis.forget()
        self._become(IDLE)
        self._note(f"carrier on {self._link}: it is to be authenticated again", KERNEL)
        if self._child is not None:
            self._child.reread()

    def _lose(self) -> None:
        self._become(IDLE)
        self._note(f"no carrier on {self._link}", KERNEL)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _note(self, line: str, kind: str) -> None:
        if self._statement is not None:
            self._statement.note(line, kind)


def _nothing() -> None:
    """Do nothing."""
