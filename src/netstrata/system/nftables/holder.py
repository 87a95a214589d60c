"""Who holds something in nftables, as those see it that make and watch it."""

from typing import Protocol

from netstrata.contract import Holder
from netstrata.ports.nftables import NftThing
from netstrata.protocols.nftables import NftObject
from netstrata.system.held.wait_queues import NFT
from netstrata.system.nftables.transactions import NftCommand
from netstrata.values import Awaited


class ThingHolder(Protocol):
    """Told what becomes of a thing, which it holds by a handle; numbers are in the order of beginning.

    Shapes: lasts_ms is after how many milliseconds the first of its elements goes by itself, 0 if none does.
    """

    thing: NftThing
    handle: int
    lasts_ms: int
    number: int
    elements: dict[bytes, bytes]  # what the kernel has told of those that we have made: key, and what it gives
    rule: NftObject | None  # what the kernel has told of it, if it is a rule that we have made

    def on_changed(self, why: str) -> None:
        """Somebody else has changed it."""

    def on_deleted(self) -> None:
        """Somebody else has deleted it."""

    def on_element_gone(self, why: str) -> None:
        """One of its elements is there no more."""


class Made(NftCommand):
    """A step that makes what somebody will hold."""

    __slots__ = ("holder", "thing", "title")

    def __init__(self, holder: ThingHolder, making: str, statement: Holder | None) -> None:
        super().__init__(making, words_of("add", holder.thing), statement, awaits_for(holder.thing))
        self.title = statement.title if statement is not None else ""
        self.holder = holder
        self.thing = holder.thing


def awaits_for(thing: NftThing) -> tuple[Awaited, ...]:
    """Return what may change so that a thing can be made: table, chains and sets.

    For elements that is those that go, too, and for a rule that stands before another one the rules of its chain.
    """
    place = Awaited(NFT, (thing.family, thing.table, ""))
    more = thing.kind == "element" or thing.before
    return (place, Awaited(NFT, (thing.family, thing.table, thing.name))) if more else (place,)


_AT = {"add": "to", "delete": "from", "hold": "in"}


def words_of(verb: str, thing: NftThing) -> str:
    """Return what is done to a thing, for people: "add the chain …", "delete from …: …"."""
    where = " ".join(word for word in (thing.family, thing.table, thing.name) if word)
    if thing.kind in ("rule", "element"):
        return f"{verb} {_AT[verb]} {where}: {thing.text}"
    return f"{verb} the {thing.noun or thing.kind} {where}"
