"""What is held in nftables, by whom, and who is told when it is gone."""

import asyncio
import errno
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from netstrata.ports.nftables import NftThing
from netstrata.protocols.nftables import NftObject, has_comment
from netstrata.system.held import Stop, WaitQueues
from netstrata.system.held.wait_queues import NFT
from netstrata.system.nftables.elements import CHANGED, ElementChecks, command, have_changed, keys_of, share, timeout_ms
from netstrata.system.nftables.handles import IN_TABLES, listed
from netstrata.system.nftables.holder import Made, ThingHolder, awaits_for, words_of
from netstrata.system.nftables.netlink import ROOM, NftSocket, Requests
from netstrata.system.nftables.records import decode_entry
from netstrata.system.nftables.recovery import find_made
from netstrata.system.nftables.reloads import Copies, Segments, place_of
from netstrata.system.nftables.transactions import NftCommand, Transactions
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren
    from netstrata.system.nftables.entries import FilterEntries
    from netstrata.system.nftables.records import FilterEntry

_CONTAINERS = ("table", "chain", "set", "flowtable")  # what others are made in, or refer to

Key = tuple[str, str, str, object]
MERGES: Final = "the set has auto-merge: nft joins elements that touch, and could not delete ours again"


class NftStore:
    """All that is held in one network namespace.  Its sockets are open while anything is held or asked for."""

    __slots__ = (
        "_changes", "_checks", "_entries", "_holders", "_listener", "_lost", "_news", "_requests", "_room",
        "_segments", "_transactions", "_users", "_wait_queues",
    )  # fmt: skip

    def __init__(
        self,
        children: "RealChildren",
        room: int = ROOM,
        entries: "FilterEntries | None" = None,
        wait_queues: WaitQueues | None = None,
    ) -> None:
        """Take who starts nft, where what was made is remembered for the next daemon, and who waits for a change.

        Shapes: room is in bytes, for what the kernel has told and was not read yet.
        """
        self._room = room
        self._entries = entries
        self._transactions = Transactions(children, self)
        self._holders: dict[Key, list[ThingHolder]] = {}
        self._news: list[NftObject] = []  # what was made while a transaction ran, and elements that were deleted
        self._segments = Segments()
        self._lost = False  # some of that was not told
        self._changes: Counter[tuple[str, str, str]] = Counter()  # that may have made way, as they are waited for
        self._checks = ElementChecks(self.ask)
        self._users = 0
        self._wait_queues = wait_queues if wait_queues is not None else WaitQueues()
        self._wait_queues.knows(NFT, self._listen_for)
        self._listener: NftSocket | None = None
        self._requests: Requests | None = None

    def enter(self) -> None:
        """Begin to listen, if nobody does yet.

        Raises: Unavailable.
        """
        if self._listener is None:
            listener = NftSocket(self._room)
            try:
                self._requests = Requests()
            except BaseException:
                listener.socket.close()
                raise
            self._listener = listener
            if self._entries is not None:
                self._entries.on_overrun()
            asyncio.get_running_loop().add_reader(listener.socket.fileno(), self.read_messages)
        self._users += 1

    def leave(self) -> None:
        """Unsubscribe when the last one leaves."""
        self._users -= 1
        if self._users == 0 and self._listener is not None and self._requests is not None:
            asyncio.get_running_loop().remove_reader(self._listener.socket.fileno())
            self._listener.socket.close()
            self._requests.socket.close()
            self._listener = self._requests = None

    def _listen_for(self, _: object) -> Stop:
        self.enter()
        return self.leave

    def changes_in(self, thing: NftThing) -> int:
        """Return how many changes of its table, and of what is in it, may have made way for a thing by now."""
        return sum(self._changes[awaited.key] for awaited in awaits_for(thing))

    def claim(self, thing: NftThing, title: str) -> "FilterEntry | None":
        """Take over what a daemon before us has made by the same words, if there is such a thing."""
        return self._entries.claim(thing.kind, _words_of(thing), title) if self._entries is not None else None

    def take_over(self, holder: ThingHolder, claimed: "FilterEntry") -> None:
        """Hold what was claimed, which somebody may have changed while no daemon ran."""
        self.hold(holder, claimed.handle)
        now = self._entries.seen(claimed) if self._entries is not None else None
        if now is not None:
            holder.rule = now if now.kind == "rule" else None
            asyncio.get_running_loop().call_soon(_tell_of_faults, [holder], now)  # once its statement is up

    def hold(self, holder: ThingHolder, handle: int) -> None:
        """Have somebody told when a thing is gone."""
        holder.handle = handle
        self._holders.setdefault(_key_of(holder.thing, handle), []).append(holder)

    def forget(self, holder: ThingHolder, *, lost: bool = False) -> None:
        """Have nobody take it over: it is no longer there, or not ours; what was lost may come back."""
        if self._entries is not None:
            self._entries.gone(_words_of(holder.thing), holder.handle, lost=lost)

    def leave_behind(self, holder: ThingHolder) -> None:
        """Let it be taken over: it could not be deleted."""
        if self._entries is not None:
            self._entries.leave(_words_of(holder.thing), holder.handle)

    def ask(self, step: NftCommand) -> None:
        """Queue a step."""
        self._transactions.ask(step)

    async def delete_left_elements(self, key: bytes, undo: bytes) -> None:
        """Delete elements that a daemon before this one has left; those that are gone by now are no loss."""
        entry = decode_entry(key, undo)
        if entry is None or find_made(entry, listed(("table",))) is None:
            return
        thing = NftThing(*entry.key.split("\n", 4))
        for element in keys_of(thing.text):
            step = NftCommand(command("delete", thing, element), f"delete the element {element} of {thing.name}")
            step.sent = True  # an undo is not taken back
            self.ask(step)
            with suppress(Unavailable):
                await step.outlast()

    async def make_in(self, rule: "FilterEntry", chain: str) -> None:
        """Make a rule once more, in a new chain.

        Raises: Unavailable.
        """
        text = rule.key.split("\n", 4)[4]
        place = f"{rule.family} {rule.table} {chain}"
        step = NftCommand(f"add chain {place}; add rule {place} {text}", f"try the rule {text}")
        step.sent = True
        self.ask(step)
        await step.outlast()

    def lasts_ms(self, thing: NftThing, *, may_merge: bool) -> int:
        """Return after how many milliseconds the first of some elements would go by itself, 0 if none does.

        Raises: Unavailable if they would not be there by themselves, and may not be so.
        """
        assert self._requests is not None
        found = self._requests.find_set(thing.family, thing.table, thing.name)
        if found is not None and found.merges and not may_merge:
            raise Unavailable(words_of("add", thing), MERGES)
        return timeout_ms(thing.text, found.timeout_ms if found is not None else 0)

    def place_before(self, thing: NftThing) -> str:
        """Return where a rule goes that stands before another one.

        Raises: Unavailable if there is no rule with that comment in its chain.
        """
        for one in self._list("rule") if thing.before else ():
            if one[2:5] == thing[1:4] and has_comment(one, thing.before or ""):
                return f"handle {one.handle}"
        if not thing.before:
            return ""
        reason = f'there is no rule with the comment "{thing.before}"'
        raise Unavailable(words_of("add", thing), reason, errno.ENOENT, awaits_for(thing))

    def let_go(self, holder: ThingHolder) -> None:
        """Notify a holder no more."""
        self._checks.forget(holder)
        self._drop(holder)

    def _drop(self, holder: ThingHolder) -> None:
        key = _key_of(holder.thing, holder.handle)
        left = [one for one in self._holders.get(key, ()) if one is not holder]
        if left:
            self._holders[key] = left
        else:
            self._holders.pop(key, None)

    def delete(self, thing: NftThing, handle: int) -> int:
        """Delete something by its handle, and return the error number, 0 for none."""
        assert self._requests is not None
        return self._requests.delete(thing.kind, thing.family, thing.table, thing.name, handle)

    def read_messages(self, *, at_once: bool = False) -> None:
        """Read messages, notify those whose objects were deleted, and keep what was made while a transaction runs.

        What has been told only in part waits for the rest, but at once.
        """
        if self._listener is None:
            return
        objects = self._listener.read()
        if self._entries is not None:
            self._entries.on_objects(objects)
            if self._listener.overrun:
                self._entries.on_overrun()
        if self._transactions.running:
            self._lost = self._lost or self._listener.overrun
            self._news += objects
            # Elements may be our own doing.
            self._notify([one for one in objects if one.kind != "element"], at_once=at_once)
        else:
            news, self._news = [*self._news, *objects], []
            self._notify(news, at_once=at_once)

    def _notify(self, news: list[NftObject], *, at_once: bool = False) -> None:
        """Notify those whose objects were deleted or changed; look up elements that may have been."""
        gone: list[ThingHolder] = []
        for place in {_awaited_as(one) for one in news if one.kind in _CONTAINERS or _makes_way(one)}:
            self._changes[place] += 1
            self._wait_queues.changed(NFT, place)
        for transaction in self._segments.cut(news, at_once=at_once):
            gone += self._lost_in(transaction)
        if self._listener is not None and self._listener.overrun:
            self._listener.overrun = False
            self._wait_queues.all_changed(frozenset({NFT}))
            gone += self._missing()
        for holder in sorted(dict.fromkeys(gone), key=lambda holder: holder.number):  # who came first is told first
            holder.on_deleted()

    def _lost_in(self, transaction: list[NftObject]) -> list[ThingHolder]:
        """Return who has lost what a transaction deletes and does not make again; tell of what it has changed."""
        copies = Copies(transaction)
        changed = copies.made()
        gone: list[ThingHolder] = []
        moved: dict[ThingHolder, int] = {}  # what has been made again, with its handle
        for one in transaction:
            holders = self._holders.get((one.kind, one.family, one.table, one.handle), [])
            elements = self._holders.get(("element", one.family, one.table, one.name), [])
            if one.deleted and one.kind == "element":
                self._checks.check(elements)
            elif one.kind == "element":
                for holder in have_changed(one, elements):
                    holder.on_changed(CHANGED)
            elif one.deleted:
                copy = copies.take(one, holders[0].rule if holders else None)
                if copy is not None:
                    moved.update(dict.fromkeys(holders, copy.handle))
                    moved.update(dict.fromkeys(elements if one.kind == "set" else (), 0))
                else:
                    gone += holders + (elements if one.kind == "set" else [])
        self._follow(moved)
        for one in changed:
            _tell_of_faults(self._holders.get((one.kind, one.family, one.table, one.handle), []), one)
        return gone

    def _follow(self, moved: dict[ThingHolder, int]) -> None:
        """Know things by the handles under which somebody has made them again; others may have had these before."""
        for holder in moved:
            self._drop(holder)
        for holder, handle in moved.items():
            if self._entries is not None:
                self._entries.follow(_words_of(holder.thing), holder.handle, handle)
            self.hold(holder, handle)
        self._checks.check([holder for holder in moved if holder.thing.kind == "element"])

    # What transactions tell: see `TransactionObserver`.

    def begins(self, steps: list[NftCommand]) -> None:
        """Remember what is about to be made, for the next daemon if this one does not hear that it was."""
        self.read_messages()
        for step in steps:
            if isinstance(step, Made) and self._entries is not None:
                self._entries.intend(_words_of(step.thing), step.thing[:4], step.title)

    def failed(self, steps: list[NftCommand]) -> None:
        """Forget it again."""
        for step in steps:
            if isinstance(step, Made) and self._entries is not None:
                self._entries.drop(_words_of(step.thing))

    def has_done(self, pid: int) -> bool:
        """Say whether the kernel has told of something that a process has done."""
        self.read_messages()
        return any(one.port == pid for one in self._news)

    def finished(self, steps: list[NftCommand], pid: int) -> None:
        """Find the handles of what a process has just made, and say that it is done."""
        self.read_messages()
        news, self._news = self._news, []
        lost, self._lost = self._lost, False
        others = [one for one in news if one.port != pid]
        # News say in which chain a rule is, not which rule it is: only their order does, if none is missing.
        own = [] if lost else [one for one in news if one.port == pid] or news
        share([step for step in steps if isinstance(step, Made)], own)
        unknown: list[Made] = []
        for step in steps:
            if not isinstance(step, Made):
                step.done.set_result(None)
                continue
            made = _take(own, step.thing)
            if made is not None or step.thing.kind == "element":
                self._made(step, made)
            else:
                unknown.append(step)
        self._look_up(unknown)
        self._notify(others)  # also of what was made just now, and deleted before we knew its handle

    def _made(self, step: Made, made: NftObject | None) -> None:
        """Give a holder its handle, and notify it from now on when its object is deleted."""
        holder = step.holder
        thing = holder.thing
        handle = made.handle if made is not None else 0
        holder.rule = made if thing.kind == "rule" else None
        if self._entries is not None and (handle or thing.kind == "element"):
            handle = self._entries.made(_words_of(thing), thing[:4], step.title, handle, holder.rule)
        self.hold(holder, handle)
        self._checks.expect(holder)
        step.done.set_result(None)

    def _look_up(self, steps: list[Made]) -> None:
        """Find handles that were not told: those of the youngest things of that name."""
        free: dict[tuple[str, ...], list[NftObject]] = {}
        for kind in dict.fromkeys(step.thing.kind for step in steps):
            for one in sorted(self._list(kind), key=lambda one: one.handle):
                if (kind, one.family, one.table, one.handle) not in self._holders:
                    free.setdefault(place_of(one), []).append(one)
        for step in reversed(steps):
            there = free.get(_place_of(step.thing))
            self._made(step, there.pop() if there else None)

    def _list(self, kind: str) -> list[NftObject]:
        """Return all things of a kind, none if they cannot be listed."""
        try:
            return self._requests.list(kind) if self._requests is not None else []
        except Unavailable:
            return []

    def _missing(self) -> list[ThingHolder]:
        """Return whose things are not there, when not all was told."""
        there: set[Key] = set()
        for kind in ("table", *IN_TABLES):
            for one in self._list(kind):
                there.add((kind, one.family, one.table, one.handle))
                _tell_of_faults(self._holders.get((kind, one.family, one.table, one.handle), []), one)
                if kind == "set":
                    there.add(("element", one.family, one.table, one.name))
        return [holder for key, holders in self._holders.items() if key not in there for holder in holders]


def _makes_way(one: NftObject) -> bool:
    """Say whether it is an element that is gone, or a rule that has come, and another may be put before it."""
    return one.deleted if one.kind == "element" else one.kind == "rule" and not one.deleted


def _awaited_as(one: NftObject) -> tuple[str, str, str]:
    return one.family, one.table, one.name if one.kind in ("element", "rule") else ""


def _words_of(thing: NftThing) -> str:
    """Return what tells a thing from any other that is asked for."""
    return "\n".join((thing.kind, thing.family, thing.table, thing.name, thing.text))


def _place_of(what: NftThing) -> tuple[str, ...]:
    return (what.kind, what.family, what.table, what.name if what.kind != "table" else "")


def _take(news: list[NftObject], thing: NftThing) -> NftObject | None:
    """Take the first news of such a thing out of the list, and return it; None if there is none."""
    place = _place_of(thing)
    for number, one in enumerate(news):
        if place_of(one) == place and not one.deleted:
            del news[number]
            return one
    return None


def _tell_of_faults(holders: list[ThingHolder], now: NftObject) -> None:
    """Tell who holds a table or chain that somebody has changed in a way that packets feel."""
    for holder in holders:
        if now.dormant:
            holder.on_changed("somebody has made it dormant")
        elif now.policy >= 0 and now.policy != (0 if "policy drop;" in holder.thing.text else 1):
            holder.on_changed("somebody has changed its policy")


def _key_of(thing: NftThing, handle: int) -> Key:
    return (thing.kind, thing.family, thing.table, thing.name if thing.kind == "element" else handle)
