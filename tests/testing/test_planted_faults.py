"""The checker of random schedules is not blind: each fault that is planted in the mechanism is found by chance.

A fault is planted in a daemon before it begins: one of its objects becomes one of a class that does one thing wrong.
"""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from netstrata.contract import Holder
from netstrata.daemon.running.settling import Settling
from netstrata.system.held import Held, Loss, OverrideStack, Recovery, Spec, Store
from netstrata.system.held.recovery import LeftEntry, Undone
from netstrata.system.netlink.addresses import NetlinkAddresses
from netstrata.system.netlink.held_address import HeldAddress
from netstrata.system.netlink.held_route import HeldRoute
from netstrata.system.netlink.link_overrides import Key
from netstrata.system.netlink.link_settings import LinkSettings
from netstrata.system.netlink.routes import NetlinkRoutes
from netstrata.system.netlink.rules import HeldRule, NetlinkRules
from netstrata.system.netlink.up import HeldState, UpLinks
from netstrata.testing.schedules.daemon import Daemon
from netstrata.testing.schedules.generate import schedule_of
from netstrata.testing.schedules.journal import MortalJournal
from netstrata.testing.schedules.run import Outcome, run
from netstrata.testing.schedules.schedule import Schedule
from netstrata.testing.schedules.shrink import kinds_of, shrink

WITHIN = 4000  # schedules, half of them with crashes


class LeavesAddresses(NetlinkAddresses):
    """Forgets to undo."""

    __slots__ = ()

    def leave(self, held: HeldAddress) -> None:
        """Do nothing."""


class LosesRoutes(NetlinkRoutes):
    """Undoes although others hold the same."""

    __slots__ = ()

    def release(self, held: HeldRoute, who: Holder | None) -> None:
        """Undo at once."""
        super().release(held, who)
        if held.count:
            self.leave(held)


class TakesAnybodysAddresses(NetlinkAddresses):
    """Takes an address that was there for its own."""

    __slots__ = ()

    def do(self, held: HeldAddress) -> None:
        """Add an address, and never say that it was there."""
        super().do(held)
        held.ours = True


class LooksTooLate(UpLinks):
    """Does not look before it does."""

    __slots__ = ()

    def look(self, held: HeldState) -> None:
        """Take it for down."""


class AdoptsWithAWrite(NetlinkAddresses):
    """Takes over by making anew."""

    __slots__ = ()

    def stands(self, held: HeldAddress, undo: bytes) -> bool:
        """Say that it has to be made."""
        return False


class LooksAtNothing(NetlinkAddresses):
    """Hears, but does not look."""

    __slots__ = ()

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Lose nothing."""
        self.suspects.clear()
        return [], True


class StopsListening(NetlinkRules):
    """Listens for good."""

    __slots__ = ()

    def unlisten(self, held: HeldRule) -> None:
        """Do nothing."""


class PutsTheFirstBack(LinkSettings):
    """Puts back what was found although another value counts still."""

    __slots__ = ()

    def _step_down(self, key: Key, stack: OverrideStack[Any], left: Spec[Any]) -> bool:
        specs, stack.specs = stack.specs, []
        try:
            return super()._step_down(key, stack, left)
        finally:
            stack.specs = specs


class PutsTheLowerOver(LinkSettings):
    """Writes the lower one of two values when it takes them over."""

    __slots__ = ()

    def _begin(self, key: Key, value: Any, now: Any, who: Holder | None) -> OverrideStack[Any]:
        stack = super()._begin(key, value, now, who)
        stack.is_as_left = False
        return stack


class SweepsForwards(Recovery):
    """Undoes what is left in the order in which it was done."""

    __slots__ = ()

    async def sweep(self) -> list[Undone]:
        """Undo the oldest first."""
        claimed = (self.claim(entry.kind, entry.key) for entry in self.left)
        return [Undone(entry, await self.finish(entry)) for entry in claimed if entry is not None]


class SweepsNothing(Recovery):
    """Lets lie what is left."""

    __slots__ = ()

    async def sweep(self) -> list[Undone]:
        """Undo nothing."""
        return []


class ForgetsWhatItClaims(Recovery):
    """Has what it should undo forgotten."""

    __slots__ = ()

    def undo(self, entry: LeftEntry) -> str:
        """Write that it is undone."""
        self.journal.undone(entry.number)
        return ""


class ClaimsForOthers(Recovery):
    """Gives what is left of a thing to whoever wants another of that kind."""

    __slots__ = ()

    def claim(self, kind: str, key: bytes) -> LeftEntry | None:
        """Take the newest of that kind."""
        found = super().claim(kind, key)
        same = [entry for entry in self.left if entry.kind == kind]
        return found if found is not None or not same else super().claim(kind, same[-1].key)


class ForgetsDone(MortalJournal):
    """Does not write what stands."""

    def done(self, number: int, undo: bytes | None = None) -> None:
        """Write nothing."""


class ForgetsUndone(MortalJournal):
    """Does not write what is undone."""

    def undone(self, number: int) -> None:
        """Write nothing."""


class ForgetsIntentions(MortalJournal):
    """Does not write what is about to be done."""

    def intend(self, kind: str, key: bytes, undo: bytes, holder: str) -> int:
        """Write nothing."""
        return 0


def objects(daemon: Daemon) -> Generator[Any, None, None]:
    """Yield the parts of a daemon."""
    netlink = daemon.ports.netlink
    yield from (daemon.settling, daemon.recovery, daemon.recovery.journal)
    yield from (netlink.addresses._addresses, netlink.routes._routes, netlink.rules._rules)
    yield from (netlink.links._links.up, netlink.links._links.settings)


def planted(fault: type[Any]) -> Callable[[Daemon], None]:
    """Return what plants a fault in a daemon."""

    def plant(daemon: Daemon) -> None:
        for one in objects(daemon):
            if type(one) in fault.__mro__:
                one.__class__ = fault

    return plant


def waits_for_nothing(daemon: Daemon) -> None:
    """Plant that it sweeps while statements sleep, or are tried again."""
    daemon.settling = Settling(daemon, soon_s=0.0)


def _early(store: Store[Any, Any], held: Held, title: str) -> None:
    """Do a thing before it is written down that it is about to be done."""
    store.look(held)
    if held.ours:
        store.do(held)
    if held.ours:
        held.number = store._recovery.journal.intend(store.kind, held.record, held.undo, title)
        store._recovery.journal.done(held.number)


def makes_before_it_writes(daemon: Daemon) -> None:
    """Plant that in all stores."""
    for one in objects(daemon):
        if isinstance(one, Store):
            one.__class__ = type("Early", (type(one),), {"__slots__": (), "_perform": _early})


class IgnoresEdits(Daemon):
    """Goes on with the program that it has."""

    def reload(self, program: str) -> bool:
        """Say that it is done."""
        return True


def ignores_edits(daemon: Daemon) -> None:
    """Plant that."""
    daemon.__class__ = IgnoresEdits


FAULTS = {
    LeavesAddresses: "left behind",
    LosesRoutes: "order",
    TakesAnybodysAddresses: "not ours",
    LooksTooLate: "at the end",
    AdoptsWithAWrite: "not kept",
    LooksAtNothing: "missing",
    StopsListening: "left over",
    PutsTheFirstBack: "order",
    PutsTheLowerOver: "not kept",
    SweepsForwards: "order",
    SweepsNothing: "at the end",
    ForgetsWhatItClaims: "at the end",
    ClaimsForOthers: "at the end",
    ForgetsDone: "at the end",
    ForgetsUndone: "left over",
    ForgetsIntentions: "at the end",
}


def schedules() -> Generator[Schedule, None, None]:
    """Yield schedules, every other one with crashes."""
    for number in range(WITHIN):
        yield schedule_of(number, crashes=number % 2 == 1)


PLANTS = [
    pytest.param(ignores_edits, "unlike a new start", id="IgnoresEdits"),
    pytest.param(Daemon.sweep, "not kept", id="SweepsTooEarly"),
    pytest.param(waits_for_nothing, "not kept", id="WaitsForNothing"),
    pytest.param(makes_before_it_writes, "at the end", id="MakesBeforeItWrites"),
    *(pytest.param(planted(fault), kind, id=fault.__name__) for fault, kind in FAULTS.items()),
]


@pytest.mark.parametrize(("plant", "kind"), PLANTS)
def test_a_fault_in_the_mechanism_is_found_by_chance(plant: Callable[[Daemon], None], kind: str) -> None:
    assert any(kind in kinds_of(run(schedule, planted=plant)) for schedule in schedules())


def test_what_goes_wrong_is_shrunk_to_the_least_that_does() -> None:
    def leaves(schedule: Schedule) -> Outcome:
        outcome = run(schedule, planted=planted(LeavesAddresses))
        return outcome._replace(wrong=[what for what in outcome.wrong if what.startswith("left behind")])

    schedule = next(one for one in schedules() if one.program.size() > 8 and leaves(one).wrong)

    small = shrink(schedule, leaves)

    words = [line.split("(")[0].strip() for line in small.program.text.splitlines() if "(" in line]
    assert words[-1] == "net.ipv4.addr"
    assert words[:-1] in ([], ["net.veth"], ["Foreach"])  # the link that it is on, if that is made; what names the link
    assert small.before == small.steps == ()
