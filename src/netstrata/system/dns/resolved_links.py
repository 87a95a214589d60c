"""Settings of links in systemd-resolved: set, looked at again when somebody may have changed them, and put back.

What a link had before is written into the undo journal before it is changed.  resolved keeps settings over a restart of
its own (/run/systemd/resolve/netif), and tells of changed servers only; of all others its files tell.
Source: resolved-link-bus.c, link_save_user in resolved-link.c; seen with 252.
"""

import asyncio
from ast import literal_eval
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

from netstrata.contract import Holder
from netstrata.protocols.backoff import Repairs
from netstrata.protocols.dbus import Message
from netstrata.system.dns.bus import Bus, BusRefusal, Unresponsive
from netstrata.system.dns.resolved_settings import LINK, MANAGER, NAME, PROPERTIES, SETTERS, TITLES, Settings, link_path
from netstrata.system.dns.used import FileChanges
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.values import Unavailable

KIND: Final = "link in systemd-resolved"  # in the undo journal
FILES: Final = ("/run/systemd/resolve/stub-resolv.conf", "/run/systemd/resolve/netif/")
_NO_LINK: Final = ("org.freedesktop.DBus.Error.UnknownObject", f"{NAME}.NoSuchLink")
_BUSY: Final = f"{NAME}.LinkBusy"
_MANAGED: Final = "systemd-networkd manages the link, and gives it servers: `DNS=` there, or `Unmanaged=yes`"
SILENT_S: Final = 2.0  # that one is not asked again which has not answered: so many calls cost the time of one
_NEW_S: Final = 0.1  # that a link may be unknown to it which has just been made
_TRIES: Final = 5
_RULES: Final = (
    f"type='signal',sender='{NAME}',path='{MANAGER}',interface='{PROPERTIES}'",
    f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{NAME}'",
)


class LinkRecord(NamedTuple):
    """What was there before, of what; as the undo journal has it."""

    before: Settings
    touched: list[str]

    def write(self) -> bytes:
        """Return it as text."""
        return repr((self.before, self.touched)).encode()

    @classmethod
    def read(cls, text: bytes) -> "LinkRecord":
        """Read it again."""
        return cls(*literal_eval(text.decode()))


class _Link:
    """What is held of one link."""

    def __init__(self, number: int, record: LinkRecord, wanted: Settings, name: str = "") -> None:
        self.name = name
        self.number = number
        self.record = record
        self.wanted = wanted
        self.stands: Settings = {}  # what was read when all was set
        self.repairs = Repairs()

    def differing(self, now: Settings) -> list[str]:
        """Return what is not as it was when all was set."""
        return [name for name in self.record.touched if now[name] != self.stands.get(name)]


class ResolvedLinks:
    """All settings that are held in systemd-resolved.  Its functions are called by one at a time."""

    def __init__(
        self,
        recovery: Recovery = NO_RECOVERY,
        on_presence: Callable[[bool], None] = lambda is_there: None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Hold none; on_presence is told when it comes or goes, on_change when `look` may find something."""
        self._recovery = recovery
        self._on_presence = on_presence
        self._on_change = on_change
        self._bus: Bus | None = None
        self._changes: list[FileChanges] = []
        self._links: dict[int, _Link] = {}
        self._later: asyncio.TimerHandle | None = None  # until what may not be set again now may be
        self._silent_until = 0.0
        self._silence = ""
        recovery.knows_slow(KIND, self._undo_left)

    @property
    def held(self) -> set[int]:
        """The links of which anything is held."""
        return set(self._links)

    async def is_there(self) -> bool:
        """Say whether it can be asked; from then on, on_presence is told."""
        try:
            return await (await self._connected()).has_owner(NAME)
        except Unavailable:
            return False

    async def hold(self, ifindex: int, link: str, wanted: Settings, title: str) -> None:
        """Have a link set like that from now on.

        Raises: Unavailable, with nothing changed of a link of which nothing was held.
        """
        held = self._links.get(ifindex)
        if held is not None and held.wanted == wanted and held.stands:
            return
        now = await self._read_known(ifindex)
        is_new = held is None
        if held is None:
            held = self._begin(ifindex, link, now, wanted, title)
        # What was set and is not wanted any more becomes as it was.
        target = {name: held.record.before[name] for name in held.record.touched} | wanted
        held.record = held.record._replace(touched=[name for name in SETTERS if name in target])
        held.wanted, held.stands = wanted, {}
        self._recovery.journal.done(held.number, held.record.write())
        try:
            held.stands = await self._make(ifindex, target)
        except BaseException as error:
            if is_new:
                with suppress(Unavailable):
                    await self.release(ifindex)
            if isinstance(error, BusRefusal) and error.name == _BUSY:
                raise Unavailable(f"set {link} in systemd-resolved", _MANAGED) from None
            raise

    async def release(self, ifindex: int, who: Holder | None = None) -> None:
        """Put back what a link had, but for what somebody else has changed since.

        Raises: Unavailable; it is left to the next daemon then.
        """
        held = self._links.pop(ifindex, None)
        if held is None:
            return
        try:
            await self._give_back(ifindex, held)
        except Unavailable:
            self._recovery.leave(held.number, KIND, b"%d" % ifindex, held.record.write(), who, done=True)
            raise
        self._recovery.journal.undone(held.number)

    async def look(self) -> list[str]:
        """Set again what somebody else has changed, or wait a while if that was so a moment ago; say what was done.

        Raises: Unavailable.
        """
        told: list[str] = []
        for ifindex, held in list(self._links.items()):
            try:
                now = await self._read(ifindex)
            except BusRefusal as error:
                if error.name in _NO_LINK:
                    continue  # who holds it is told so by the kernel, or it is about to hear of it
                raise
            differing = held.differing(now) if held.stands else []
            if not differing:
                continue
            loop = asyncio.get_running_loop()
            left = held.repairs.left(loop.time())
            if left:
                self._look_in(left)
                continue
            wait = held.repairs.repaired(loop.time())
            await self._make(ifindex, {name: held.stands[name] for name in differing})
            what = ", ".join(TITLES[name] for name in differing)
            told.append(
                f"systemd-resolved was given another {what} for {held.name} by somebody else; set again "
                f"(not again for {wait:.0f} s)"
            )
        return told

    def _look_in(self, seconds: float) -> None:
        """Have `look` called then: once, however often somebody changes something meanwhile."""
        loop = asyncio.get_running_loop()
        if self._later is not None and loop.time() < self._later.when() <= loop.time() + seconds:
            return
        if self._later is not None:
            self._later.cancel()
        self._later = loop.call_later(seconds, self._on_change)

    async def shown(self, ifindex: int) -> Settings:
        """Return what a link has now.

        Raises: Unavailable.
        """
        return await self._read(ifindex)

    def close(self) -> None:
        """Hear nothing any more."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()
        for changes in self._changes:
            changes.close()
        self._changes = []

    def _begin(self, ifindex: int, link: str, now: Settings, wanted: Settings, title: str) -> _Link:
        journal, key = self._recovery.journal, b"%d" % ifindex
        left = self._recovery.claim(KIND, key)
        if left is not None:
            record = LinkRecord.read(left.undo)
            number = journal.adopt(left, title)
        else:
            record = LinkRecord({name: now[name] for name in SETTERS}, [])
            number = journal.intend(KIND, key, record.write(), title)
        held = self._links[ifindex] = _Link(number, record, wanted, link)
        return held

    async def _undo_left(self, key: bytes, undo: bytes) -> None:
        """Put back what a daemon has left that was killed."""
        try:
            await self._give_back(int(key), _Link(0, LinkRecord.read(undo), {}))
        finally:
            if not self._links:
                self.close()

    async def _give_back(self, ifindex: int, held: _Link) -> None:
        try:
            there = await self._read(ifindex)
            target = {name: there[name] for name in SETTERS}
            for name in held.record.touched:
                if not held.stands or there[name] == held.stands[name]:
                    target[name] = held.record.before[name]
            await self._call(ifindex, LINK, "Revert")
            await self._make(ifindex, target)
        except BusRefusal as error:
            if error.name not in (*_NO_LINK, _BUSY):
                raise  # else it has gone, or is another one's, and nothing of ours is there

    async def _make(self, ifindex: int, target: Settings) -> Settings:
        """Set what is not so yet, and return what there is then: of defaults last, which follow from all others."""
        *first, last = SETTERS
        for names in (first, [last]):
            now = await self._read(ifindex)
            for name in names:
                if name in target and now[name] != target[name]:
                    method, signature = SETTERS[name]
                    await self._call(ifindex, LINK, method, signature, target[name])
        return await self._read(ifindex)

    async def _read_known(self, ifindex: int) -> Settings:
        """Read a link that it may not have heard of yet."""
        for _ in range(_TRIES):
            with suppress(BusRefusal):
                return await self._read(ifindex)
            await asyncio.sleep(_NEW_S)
        return await self._read(ifindex)

    async def _read(self, ifindex: int) -> Settings:
        [found] = await self._call(ifindex, PROPERTIES, "GetAll", "s", LINK)
        if not isinstance(found, dict) or not SETTERS.keys() <= found.keys():
            raise Unavailable("read a link of systemd-resolved", "it is too old, or speaks in another way")
        return found

    async def _call(self, ifindex: int, interface: str, method: str, signature: str = "", *values: Any) -> list[Any]:
        now = asyncio.get_running_loop().time()
        if now < self._silent_until:
            raise Unresponsive(f"call {method} of {NAME} over D-Bus", self._silence)
        try:
            return await (await self._connected()).call(NAME, link_path(ifindex), interface, method, signature, *values)
        except Unresponsive as error:
            self._silent_until, self._silence = now + SILENT_S, error.reason
            raise

    async def _connected(self) -> Bus:
        if self._bus is None or not self._bus.is_connected:
            bus = Bus(self._on_signal, self._on_lost)
            try:
                await bus.connect()
                for rule in _RULES:
                    await bus.subscribe(rule)
            except BaseException:
                bus.close()
                raise
            self._bus = bus
        if not self._changes:
            for path in FILES:
                with suppress(OSError):  # its folder may be for itself alone, or not there
                    self._changes.append(FileChanges((path,), self._on_change))
        return self._bus

    def _on_signal(self, message: Message) -> None:
        if message.name.endswith(".NameOwnerChanged"):
            self._on_presence(bool(message.values[2:] and message.values[2]))
        else:
            self._on_change()

    def _on_lost(self) -> None:
        self._on_presence(False)
