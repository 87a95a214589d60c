"""The VLANs of bridges and of their ports, each by its number, and which of them untagged frames are in (PVID)."""

import errno
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from netstrata.contract import Holder
from netstrata.contract.options import Options
from netstrata.protocols.rtnetlink import ask_vlans, decode_vlans, encode_vlan, messages, vlan_link
from netstrata.protocols.rtnetlink.bridge_vlans import PVID, UNTAGGED
from netstrata.protocols.rtnetlink.constants import RTM_DELVLAN, RTM_GETVLAN, RTM_NEWVLAN, RTNLGRP_BRVLAN, RTNLGRP_LINK
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.system.held.wait_queues import LINK
from netstrata.system.netlink.link_overrides import Held, Key, LinkOverrides
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.refusals import refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Awaited, Unavailable

_PVID: Final = "pvid"
_ABSENT: Final = "absent"
_VLAN_WORDS: Final[dict[int, str]] = {1: "VLAN"}


class BridgeVlans(LinkOverrides):
    """All VLANs that are held.

    Shapes: a VLAN's word is its number, its value `absent`, `tagged` or `untagged`; `pvid` has a number, 0 for none.
    """

    __slots__ = ("_read",)
    kind = "bridge-vlan"
    groups = (RTNLGRP_LINK, RTNLGRP_BRVLAN)
    types = (RTM_NEWVLAN, RTM_DELVLAN)

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup, recovery: Recovery = NO_RECOVERY
    ) -> None:
        super().__init__(requests, monitor, lookup, recovery)
        self._read: dict[int, dict[int, int]] | None = None  # by link, in one operation of ours

    def hold_all(self, link: str, values: Options, who: Holder | None) -> list[Held]:
        """Put a link into VLANs: all, or none; what it is in is read once."""
        with self._reading_once():
            return super().hold_all(link, values, who)

    def release_all(self, held: list[Held]) -> None:
        """Take a link out of VLANs again; what it is in is read once."""
        with self._reading_once():
            super().release_all(held)

    @contextmanager
    def _reading_once(self) -> Iterator[None]:
        """Remember what was read, and what we change: of 4094 VLANs each would be read as often."""
        before, self._read = self._read, {} if self._read is None else self._read
        try:
            yield
        finally:
            self._read = before

    def all_wanted(self, ifindex: int, values: Options, operation: str) -> Mapping[str, Any]:
        """Return the VLANs, and the PVID last: it is one of them."""
        return {word: values[word] for word in sorted(values, key=lambda word: word == _PVID)}

    def read_all(self, ifindex: int, words: Iterable[str], operation: str) -> dict[str, Any]:
        """Return what a link is in."""
        flags = self._flags(ifindex, operation)
        return {word: _pvid(flags) if word == _PVID else _state(flags.get(int(word))) for word in words}

    def write(self, key: Key, value: Any, operation: str) -> None:
        """Put a link into a VLAN or take it out, or say which one untagged frames are in; each without the other."""
        ifindex, word = key
        flags = self._flags(ifindex, operation)
        if word != _PVID:
            vid, stays = int(word), flags.get(int(word), 0) & PVID
            wanted = None if value == _ABSENT else stays | (UNTAGGED if value == "untagged" else 0)
        elif not value:
            vid = _pvid(flags)
            wanted = flags.get(vid, 0) & ~PVID
        elif value not in flags:
            raise Unavailable(operation, f"it is not in VLAN {value}", errno.ENOENT)
        else:
            vid, wanted = value, flags[value] | PVID
        self._change(ifindex, vid, wanted, operation)

    def noun(self, word: str) -> str:
        """Return what it is called."""
        return "the PVID" if word == _PVID else f"VLAN {word}"

    def words_of(self, link: str, word: str, value: Any) -> str:
        """Return what a link is to be in, for people."""
        return f"{self.noun(word)} of {link} to {value or 'none'}"

    def unknown(self, ifindex: int, word: str) -> str:
        """Say that it is not known, which cannot be."""
        return f"this kernel knows no {self.noun(word)}"

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        self.suspect(vlan_link(data, start, end))

    def _flags(self, ifindex: int, operation: str) -> dict[int, int]:
        """Return the flags of each VLAN that a link is in.

        Raises: Unavailable if it is in no bridge.
        """
        if self._read is not None and ifindex in self._read:
            return self._read[ifindex]
        dump = self._requests.dump(RTM_GETVLAN, ask_vlans(ifindex))
        if dump.answer is not None:
            if dump.answer.errno == errno.EINVAL:
                reason = f"{self._requests.name_of(ifindex)} is no bridge, and in none"
                raise Unavailable(operation, reason, errno.ENOENT, (Awaited(LINK, ifindex),))
            if dump.answer.errno == errno.ENODEV:
                raise Unavailable(operation, "the link is gone", errno.ENODEV)
            raise refused(operation, dump.answer, _VLAN_WORDS)
        found = {
            entry.vid: entry.flags
            for data in dump.datagrams
            for one in messages(data, len(data))
            if one.type == RTM_NEWVLAN
            for entry in decode_vlans(data, one.start, one.end)
        }
        if self._read is not None:
            self._read[ifindex] = found
        return found

    def _change(self, ifindex: int, vid: int, wanted: int | None, operation: str) -> None:
        """Put a link into a VLAN with some flags; None takes it out.

        Raises: Unavailable.
        """
        kind = RTM_DELVLAN if wanted is None else RTM_NEWVLAN
        known = self._read.pop(ifindex, None) if self._read is not None else None
        answer = self._requests.request(kind, 0, encode_vlan(ifindex, vid, wanted or 0))
        if answer is not None:
            raise refused(operation, answer, _VLAN_WORDS)
        if known is not None and self._read is not None:
            self._read[ifindex] = _with(known, vid, wanted)


def _with(flags: dict[int, int], vid: int, wanted: int | None) -> dict[int, int]:
    """Return what a link is in after a change; a port has one PVID."""
    if wanted is None:
        flags.pop(vid, None)
        return flags
    if wanted & PVID and not flags.get(vid, 0) & PVID:
        flags = {one: other & ~PVID for one, other in flags.items()}
    flags[vid] = wanted
    return flags


def _pvid(flags: Mapping[int, int]) -> int:
    return next((vid for vid, one in flags.items() if one & PVID), 0)


def _state(flags: int | None) -> str:
    if flags is None:
        return _ABSENT
    return "untagged" if flags & UNTAGGED else "tagged"
