"""Elements that may be gone: nft is asked whether ours are still there.

The kernel names the set when somebody deletes elements; it does not tell of those that have timed out (Linux 6.18), so
they are looked at when they should have.  The kernel's form of an element is not ours to take apart (an interval is two
of them).
"""

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from netstrata.protocols.nftables import NftObject, elements_of
from netstrata.system.nftables.holder import Made, ThingHolder
from netstrata.system.nftables.transactions import NftCommand
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.ports.nftables import NftThing

QUIET_S = 0.05  # so that a script that changes a set in many commands is looked at once
LATE_S = 0.1  # after which an element is looked at that should have timed out
CHANGED: Final = "somebody has given an element another value, or another time to last"
DELETED: Final = "somebody has deleted an element"
TIMED_OUT: Final = "an element has timed out, or somebody has deleted it"
_AFTER_KEY = (" timeout ", " expires ", " counter")
_TIMEOUT = re.compile(r" timeout (?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)(?:s|(?![\dm])))?(?:(\d+)ms)?")
_MS = (86_400_000, 3_600_000, 60_000, 1000, 1)


def keys_of(elements: str) -> list[str]:
    """Return elements without what may stand behind their keys."""
    keys: list[str] = []
    for element in elements.split(","):
        for word in _AFTER_KEY:
            element = element.partition(word)[0]
        keys.append(element.strip())
    return keys


def timeout_ms(elements: str, of_set_ms: int) -> int:
    """Return after how many milliseconds the first of some elements goes by itself, 0 if none does."""
    found: list[int] = []
    for element in elements.split(","):
        given = _TIMEOUT.search(element)
        parts = [int(part or 0) * ms for part, ms in zip(given.groups(), _MS, strict=True)] if given else []
        found.append(sum(parts) or of_set_ms)
    return min((one for one in found if one), default=0)


def share(steps: list[Made], own: list[NftObject]) -> None:
    """Give each of those who have made elements what the kernel has told of theirs."""
    by_set: dict[tuple[str, ...], list[Made]] = {}
    for step in steps:
        if step.thing.kind == "element":
            by_set.setdefault(step.thing[1:4], []).append(step)
    for place, made in by_set.items():
        mine = [one for one in own if one.kind == "element" and one[2:5] == place and not one.deleted]
        _share_of_set(made, [element for one in mine for element in elements_of(one)])


def _share_of_set(made: list[Made], told: list[tuple[bytes, bytes]]) -> None:
    """Give each his part: it is told in the order of making, of an interval perhaps twice: then all is each one's."""
    counts = [len(keys_of(step.thing.text)) for step in made]
    is_told_once = sum(counts) == len(told)
    for step, count in zip(made, counts, strict=True):
        step.holder.elements = dict(told[:count] if is_told_once else told)
        told = told[count:] if is_told_once else told


def have_changed(told: NftObject, holders: list[ThingHolder]) -> list[ThingHolder]:
    """Return whose elements others have given another value, or another time to last."""
    news = elements_of(told) if holders else []
    return [one for one in holders if any(one.elements.get(key, gives) != gives for key, gives in news)]


def command(verb: str, thing: "NftThing", key: str) -> str:
    """Return a command about one element."""
    return f"{verb} element {thing.family} {thing.table} {thing.name} {{ {key} }}"


class ElementChecks:
    """Whose elements may be gone."""

    __slots__ = ("_ask", "_asked", "_expected", "_holders", "_timer")

    def __init__(self, ask: Callable[[NftCommand], None]) -> None:
        """Take where commands are queued."""
        self._ask = ask
        self._holders: dict[ThingHolder, None] = {}
        self._asked: dict[ThingHolder, None] = {}  # until they let go
        self._timer: asyncio.TimerHandle | None = None
        self._expected: dict[ThingHolder, asyncio.TimerHandle] = {}  # those of which something goes by itself

    def expect(self, holder: ThingHolder) -> None:
        """Look again and again once an element should have timed out: what uses it may give it time anew."""
        if holder.lasts_ms:
            after_s = holder.lasts_ms / 1000 + LATE_S
            self._expected[holder] = asyncio.get_running_loop().call_later(after_s, self._expire, holder)

    def _expire(self, holder: ThingHolder) -> None:
        self.check([holder])
        self.expect(holder)

    def check(self, holders: list[ThingHolder]) -> None:
        """Look soon whether what they hold is there."""
        self._holders.update(dict.fromkeys(holders))
        if self._holders and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(QUIET_S, self._look)

    def forget(self, holder: ThingHolder) -> None:
        """Do not look: it lets go."""
        self._holders.pop(holder, None)
        self._asked.pop(holder, None)
        timer = self._expected.pop(holder, None)
        if timer is not None:
            timer.cancel()

    def _check_again(self, holder: ThingHolder) -> None:
        if holder in self._asked:
            self.check([holder])

    def _look(self) -> None:
        holders, self._holders, self._timer = list(self._holders), {}, None
        for holder in holders:
            thing = holder.thing
            for key in keys_of(thing.text):
                if key:
                    step = NftCommand(command("get", thing, key), f"find {key}")
                    why = TIMED_OUT if holder in self._expected else DELETED
                    step.done.add_done_callback(_Verdict(holder, why, self._check_again))
                    self._asked[holder] = None
                    self._ask(step)


class _Verdict:
    """Told what became of a question about one element."""

    __slots__ = ("_again", "_holder", "_why")

    def __init__(self, holder: ThingHolder, why: str, again: Callable[[ThingHolder], None]) -> None:
        self._holder = holder
        self._why = why
        self._again = again

    def __call__(self, done: "asyncio.Future[None]") -> None:
        error = done.exception()
        if error is None:
            return
        if isinstance(error, Unavailable) and not error.errno:  # nft's complaint of this line
            self._holder.on_element_gone(self._why)
        else:  # it could not be run, which says nothing
            self._again(self._holder)
