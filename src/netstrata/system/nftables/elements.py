"""Elements that somebody may have deleted: the kernel names the set, and nft is asked whether ours are still there.

The kernel's form of an element is not ours to take apart (an interval is two of them).  An element that has a time is
left out: it may go by itself.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from netstrata.system.nftables.holder import ThingHolder
from netstrata.system.nftables.transactions import NftCommand
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.ports.nftables import NftThing

QUIET_S = 0.05  # so that a script that changes a set in many commands is looked at once
_AFTER_KEY = (" timeout ", " expires ", " counter")


def keys_of(elements: str) -> list[str]:
    """Return elements without what may stand behind their keys."""
    keys: list[str] = []
    for element in elements.split(","):
        for word in _AFTER_KEY:
            element = element.partition(word)[0]
        keys.append(element.strip())
    return keys


def command(verb: str, thing: "NftThing", key: str) -> str:
    """Return a command about one element."""
    return f"{verb} element {thing.family} {thing.table} {thing.name} {{ {key} }}"


class ElementChecks:
    """Whose elements may be gone."""

    __slots__ = ("_ask", "_asked", "_holders", "_timer")

    def __init__(self, ask: Callable[[NftCommand], None]) -> None:
        """Take where commands are queued."""
        self._ask = ask
        self._holders: dict[ThingHolder, None] = {}
        self._asked: dict[ThingHolder, None] = {}  # until they let go
        self._timer: asyncio.TimerHandle | None = None

    def check(self, holders: list[ThingHolder]) -> None:
        """Look soon whether what they hold is there."""
        self._holders.update(dict.fromkeys(holders))
        if self._holders and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(QUIET_S, self._look)

    def forget(self, holder: ThingHolder) -> None:
        """Do not look: it lets go."""
        self._holders.pop(holder, None)
        self._asked.pop(holder, None)

    def _check_again(self, holder: ThingHolder) -> None:
        if holder in self._asked:
            self.check([holder])

    def _look(self) -> None:
        holders, self._holders, self._timer = list(self._holders), {}, None
        for holder in holders:
            thing = holder.thing
            for key in keys_of(",".join(one for one in thing.text.split(",") if " timeout " not in one)):
                if key:
                    step = NftCommand(command("get", thing, key), f"find {key}")
                    step.done.add_done_callback(_Verdict(holder, self._check_again))
                    self._asked[holder] = None
                    self._ask(step)


class _Verdict:
    """Told what became of a question about one element."""

    __slots__ = ("_again", "_holder")

    def __init__(self, holder: ThingHolder, again: Callable[[ThingHolder], None]) -> None:
        self._holder = holder
        self._again = again

    def __call__(self, done: "asyncio.Future[None]") -> None:
        error = done.exception()
        if error is None:
            return
        if isinstance(error, Unavailable) and not error.errno:  # nft's complaint of this line
            self._holder.on_element_deleted()
        else:  # it could not be run, which says nothing
            self._again(self._holder)
