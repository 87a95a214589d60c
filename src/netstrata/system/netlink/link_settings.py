"""What links are like, held: every row of `protocols/rtnetlink/settings`."""

import errno
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from netstrata.contract import Holder
from netstrata.contract.options import Options
from netstrata.protocols.rtnetlink import (
    SETTINGS,
    Answer,
    LinkMessage,
    decode_settings,
    encode_settings,
    set_up,
    with_along,
)
from netstrata.protocols.rtnetlink.constants import IPV6_MIN_MTU, RTM_DELLINK, RTM_NEWLINK
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.system.held.wait_queues import NAME
from netstrata.system.netlink.ipv6_obstacles import why_no_ipv6
from netstrata.system.netlink.link_overrides import Held, Key, LinkOverrides
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.refusals import LINK_WORDS, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Awaited, Unavailable


class LinkSettings(LinkOverrides):
    """All settings of links that are held."""

    __slots__ = ("_former_names",)

    kind = "setting"

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup, recovery: Recovery = NO_RECOVERY
    ) -> None:
        super().__init__(requests, monitor, lookup, recovery)
        self._former_names = [(found, int(ifindex)) for (ifindex, word), found in self.left() if word == "name"]
        lookup.former = self._former

    def _former(self, link: str) -> int:
        """Return the index of a link that was renamed by us or a daemon before us, 0 for none.

        It has its old name as long as anything is left: another process may have held something by that.
        """
        known = self._former_names if self._recovery.is_left else ()
        return next((ifindex for name, ifindex in reversed(known) if name == link and self._is_there(ifindex)), 0)

    def own_names(self, ifindex: int) -> Sequence[str]:
        """Return how a link that is held under another name was called, and is by this program; () for any other."""
        stack = self.stacks.get((ifindex, "name"))
        return (stack.found, *(spec.value for spec in stack.specs)) if stack is not None else ()

    def renamed(self, name: str) -> int:
        """Return the index of a link that this program has called otherwise since it had that name, 0 for none."""
        for ifindex, word in self.stacks:
            if word == "name" and name in self.own_names(ifindex):
                return ifindex
        return 0

    def _is_there(self, ifindex: int) -> bool:
        return self._requests.index_of(self._requests.name_of(ifindex)) == ifindex

    def hold(self, key: Key, value: Any, who: Holder | None) -> Held:
        """Set one thing of a link; by the name that it had before it is known on."""
        held = super().hold(key, value, who)
        ifindex, word = key
        if word == "name" and self._recovery.is_left:
            self._former_names.append((held[1].found, ifindex))
        return held

    def all_wanted(self, ifindex: int, values: Options, operation: str) -> Mapping[str, Any]:
        """Return what is to be held, with what the kernel sets along with it."""
        along = [SETTINGS[word].along for word in values if SETTINGS[word].along]
        return with_along(values, self.read_all(ifindex, along, operation) if along else {})

    def read_all(self, ifindex: int, words: Iterable[str], operation: str) -> dict[str, Any]:
        """Return some settings of a link."""
        return decode_settings(*self._lookup.body(ifindex, operation), words)

    def noun(self, word: str) -> str:
        """Return what a setting is called."""
        return f"the {SETTINGS[word].noun}"

    def words_of(self, link: str, word: str, value: Any) -> str:
        """Return what a setting of a link is to be, for people."""
        setting = SETTINGS[word]
        return f"the {setting.noun} of {link} to {setting.words(value)}"

    def unknown(self, ifindex: int, word: str) -> str:
        """Say why the kernel does not show such a setting."""
        obstacle = why_no_ipv6(self._requests, ifindex) if SETTINGS[word].kept.in_inet6 else ""
        return obstacle or f"this kernel knows no {word} of links"

    def is_told(self, word: str) -> bool:
        """Say whether the kernel tells of each change of a setting."""
        return SETTINGS[word].told

    def write(self, key: Key, value: Any, operation: str) -> None:
        """Change one thing of a link, and nothing that the kernel would change along with it."""
        ifindex, word = key
        along = SETTINGS[word].along
        beside = self.read_all(ifindex, [along], operation) if along else {}
        values = {word: value} | {name: stays for name, stays in beside.items() if stays is not None}
        answer = self._requests.request(RTM_NEWLINK, 0, encode_settings(ifindex, values))
        if answer is not None and answer.errno == errno.EBUSY and word == "name":
            answer = self._while_down(ifindex, encode_settings(ifindex, values), operation)
        self._lookup.forget_values()
        if answer is not None and answer.errno == errno.EEXIST:
            setting = SETTINGS[word]
            reason = f"the {setting.noun} {setting.words(value)} is taken"
            raise Unavailable(operation, reason, errno.EEXIST, (Awaited(NAME, value),) if word == "name" else ())
        if answer is not None:
            raise refused(operation, answer, LINK_WORDS)

    def along(self, key: Key) -> Iterable[Key]:
        """Return the MTU of the links on one whose MTU it is."""
        ifindex, word = key
        return [(above, "mtu") for above in self._lookup.follow_mtu(ifindex)] if word == "mtu" else ()

    def _while_down(self, ifindex: int, body: bytes, operation: str) -> Answer | None:
        """Rename a link that is up, which Linux before 6.2 does not; it is down for the moment."""
        if not self._lookup.is_up(ifindex, operation):
            return Answer(errno.EBUSY)
        down = self._requests.request(RTM_NEWLINK, 0, set_up(ifindex, up=False))
        answer = down or self._requests.request(RTM_NEWLINK, 0, body)
        return self._requests.request(RTM_NEWLINK, 0, set_up(ifindex, up=True)) or answer

    def consequence(self, key: Key, value: Any) -> str:
        """Say what goes for good."""
        small = key[1] == "mtu" and value < IPV6_MIN_MTU
        return ", which takes IPv6 from it, with its addresses and routes" if small else ""

    def link_heard(self, kind: int, link: LinkMessage, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        held = self.links.get(link.ifindex)
        if held is not None and (
            kind == RTM_DELLINK or self.differing(link.ifindex, decode_settings(data, start, end, held.words))
        ):
            self._suspects.add(link.ifindex)
