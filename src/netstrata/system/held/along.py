"""What the kernel changes along with a setting, as `ip_forward` changes that of every link: it is put back with it.

What somebody else has changed of it meanwhile stays, and what we hold of it besides stands on.  What has come since,
a new link, is left to the kernel.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from netstrata.system.held.override_stack import Along, K, OverrideStack, V
from netstrata.values import Unavailable


class Settings(Protocol[K, V]):
    """Settings of one sort, and those of them that are held."""

    stacks: dict[K, OverrideStack[V]]

    def along(self, key: K) -> Iterable[K]: ...
    def read(self, key: K, operation: str) -> V: ...
    def write(self, key: K, value: V, operation: str) -> None: ...


def read_before(settings: Settings[K, V], key: K, along: Along[K, V], *, is_first: bool) -> dict[K, V]:
    """Return what a setting may take along, as it is now; before the first change of ours, know that it was so."""
    there: dict[K, V] = {}
    for one in settings.along(key):
        with suppress(Unavailable):
            there[one] = settings.read(one, "look at what goes along")
    if is_first:
        along.update({one: (value, None) for one, value in there.items()})
    return there


def settle(settings: Settings[K, V], before: dict[K, V], along: Along[K, V], operation: str, *, is_back: bool) -> None:
    """Know what a setting has taken along, or put that back after the setting itself; see that what we hold stands."""
    for one, old in before.items():
        if one not in along:
            continue
        was, became = along[one]
        if became not in (None, old):
            was = old  # somebody has changed it meanwhile
        with suppress(Unavailable):  # it is gone, or not for us: nothing else is to be done about it
            now = settings.read(one, operation)
            held = settings.stacks.get(one)
            if held is not None and is_back and held.found == became:
                held.found = was
            target = held.stands if held is not None else was if is_back else now
            if now != target:
                settings.write(one, target, operation)
            along[one] = was, target
    if is_back:
        along.clear()
