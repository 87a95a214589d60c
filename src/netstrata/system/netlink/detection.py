"""Duplicate address detection: when an IPv6 address that is held can be used, and what is waited for until then.

    asked --nobody answers--> found free
     ^ |  \\--another host answers--> lost
     | carrier goes
     | v
    nobody was asked, for there was no carrier

A link that has had carrier since it was set up lets an address be used a second or two later although there is none
now, and does not ask when carrier comes; on one that has had none yet it is tentative until carrier comes (Linux 6.18).
So what was put there by us while nobody could be asked is put there anew when somebody can be.
Source: addrconf_dad_begin and addrconf_notify in net/ipv6/addrconf.c.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from netstrata.contract import Holder
from netstrata.protocols.rtnetlink import (
    AddressMessage,
    Answer,
    LinkMessage,
    ask_link,
    ask_links,
    asks_for_duplicates,
    carrier_changes,
    decode_link,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    IFA_F_OPTIMISTIC,
    IFA_F_TENTATIVE,
    RTM_GETLINK,
    RTM_NEWLINK,
    RTNLGRP_LINK,
)
from netstrata.protocols.rtnetlink.wire import HEADER_SIZE
from netstrata.system.netlink.held_address import HeldAddress
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import Future

NEVER_CHECKED: Final = "no carrier: the address was never checked"


class _Detection:
    """How it stands with one address, and who waits for that."""

    __slots__ = ("changes", "unasked", "waiting")

    def __init__(self) -> None:
        self.changes: int | None = None  # how often the link had got or lost its carrier when it was looked at last
        self.unasked = False  # there was no carrier meanwhile
        self.waiting: dict[Holder, Future[None]] = {}


class Detections:
    """All addresses of which somebody waits until they can be used."""

    __slots__ = ("_doubt", "_monitor", "_of_link", "_put_anew", "_requests")

    def __init__(
        self,
        requests: RequestSocket,
        monitor: Monitor,
        put_anew: Callable[[HeldAddress, Holder], None],
        doubt: Callable[[HeldAddress], None],
    ) -> None:
        """Take what deletes an address and adds it again, for somebody, and what has it looked at again later.

        Shapes: put_anew raises Unavailable.
        """
        self._requests = requests
        self._monitor = monitor
        self._doubt = doubt
        self._put_anew = put_anew
        self._of_link: dict[int, dict[HeldAddress, _Detection]] = {}

    async def wait(self, held: HeldAddress, who: Holder, message: Callable[[], AddressMessage | None]) -> bool:
        """Return once an address can be used; say whether it had to be waited for.

        Shapes: message reads what the kernel says of it, None if that cannot be known now.
        Raises: Unavailable if another host has it.
        """
        from asyncio import get_running_loop

        detection = self._begin(held)
        future = detection.waiting[who] = get_running_loop().create_future()
        try:
            now = message()
            if now is None or not self.look(held, now):
                who.awaits(f"duplicate address detection on {held.link}")
                self._doubt(held)
            waited = not future.done()
            await future
        finally:
            who.awaits("")
            del detection.waiting[who]
            if not detection.waiting:
                self._end(held)
        return waited

    def awaits(self, held: HeldAddress) -> bool:
        """Say whether somebody waits until an address can be used."""
        return self._of(held) is not None

    def look(self, held: HeldAddress, message: AddressMessage) -> bool:
        """Let who waits for an address go on, or say what for; return whether that could be known.

        Raises: Unavailable if it cannot be put there anew.
        """
        detection = self._of(held)
        if detection is None:
            return True
        asked = (self._requests.get(RTM_GETLINK, ask_link(held.key[0])) for _ in range(2))
        found = next((one for one in asked if not isinstance(one, Answer)), None)  # else each time after the address
        if found is None:
            return False
        awaited = self._awaited(held, detection, message, found)
        for who, future in detection.waiting.items():
            if awaited:
                who.awaits(awaited)
            elif not future.done():
                future.set_result(None)
        return True

    def fail(self, held: HeldAddress, reason: Unavailable) -> list[Holder]:
        """Let all who wait for an address fail, and return them."""
        detection = self._of(held)
        waiting = detection.waiting if detection is not None else {}
        failed = [who for who, future in waiting.items() if not future.done()]
        for who in failed:
            waiting[who].set_exception(reason)
        return failed

    def concerned(self, link: LinkMessage) -> list[HeldAddress]:
        """Return the addresses that are to be looked at again for what is heard of a link."""
        return [*self._of_link.get(link.ifindex, ()), *(self._of_link.get(link.master, ()) if link.master else ())]

    def _of(self, held: HeldAddress) -> _Detection | None:
        return self._of_link.get(held.key[0], {}).get(held)

    def _begin(self, held: HeldAddress) -> _Detection:
        on_link = self._of_link.setdefault(held.key[0], {})
        detection = on_link.get(held)
        if detection is None:
            self._monitor.join(RTNLGRP_LINK)
            self._monitor.drain()  # what was said before is no news
            detection = on_link[held] = _Detection()
            detection.unasked = held.is_doubtful
        return detection

    def _end(self, held: HeldAddress) -> None:
        on_link = self._of_link[held.key[0]]
        del on_link[held]
        if not on_link:
            del self._of_link[held.key[0]]
        self._monitor.leave(RTNLGRP_LINK)

    def _awaited(self, held: HeldAddress, detection: _Detection, message: AddressMessage, found: bytes) -> str:
        """Say what has to come before an address can be used, "" if it can be; ask anew if nobody was asked."""
        link = decode_link(found, HEADER_SIZE, len(found))
        tentative = is_tentative(message)
        changes = carrier_changes(found, HEADER_SIZE, len(found))
        detection.unasked = detection.unasked or detection.changes not in (None, changes)
        detection.changes = changes
        unchecked = held.is_unchecked and asks_for_duplicates(found, HEADER_SIZE, len(found))
        if _has_carrier(link):
            if detection.unasked and unchecked:
                detection.unasked = False
                self._put_anew(held, next(iter(detection.waiting)))
                tentative = True
            return f"duplicate address detection on {link.name}" if tentative else ""
        detection.unasked = True
        return self._lack(link, tentative) if tentative or unchecked else ""

    def _lack(self, link: LinkMessage, tentative: bool) -> str:
        """Say why nobody is asked."""
        state = "tentative" if tentative else "no carrier"
        if not link.up:
            return f"{state}: {link.name} is down"
        if link.kind == "bridge" and not self._has_members(link.ifindex):
            return f"{state}: {link.name} has no members"
        return NEVER_CHECKED

    def _has_members(self, ifindex: int) -> bool:
        dump = self._requests.dump(RTM_GETLINK, ask_links())
        return any(
            decode_link(data, one.start, one.end).master == ifindex
            for data in dump.datagrams
            for one in messages(data, len(data))
            if one.type == RTM_NEWLINK
        )


def is_tentative(message: AddressMessage) -> bool:
    """Say whether nobody can use an address yet."""
    return bool(message.flags & IFA_F_TENTATIVE) and not message.flags & IFA_F_OPTIMISTIC


def _has_carrier(link: LinkMessage) -> bool:
    """Say whether somebody can be asked: the flag follows the carrier, which the driver says, a moment later."""
    return link.running and link.carrier != 0
