"""The channels of MACsec links, and their keys: the kernel tells of no change, so they are looked at now and then.

It shows no key either, but its id: one that was made by hand with the same id is taken for the same.
"""

import errno
from collections.abc import Iterator
from struct import Struct
from typing import TypeVar

from netstrata.contract.shapes.dhcp import MAC
from netstrata.ports.kernel import MacsecChannel, MacsecKey
from netstrata.protocols.macsec import (
    ID_SIZE,
    MacsecLink,
    add_association,
    add_channel,
    delete_association,
    delete_channel,
    disable_association,
)
from netstrata.system.held import GONE, Held, Recovery
from netstrata.system.held.wait_queues import LINK
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.macsec_links import Macsec
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.refusals import refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.untold_store import UntoldStore
from netstrata.values import Awaited, Unavailable

_RECORD = Struct("=I8sB")
_NOBODY = bytes(8)
_WORDS: dict[int, str] = {}
Key = tuple[int, bytes, int]  # link, SCI, number of the association


class HeldPart(Held):
    """Something that is held of a MACsec link."""

    __slots__ = ("key", "link", "record")
    key: Key

    def __init__(self, link: str, key: Key) -> None:
        super().__init__()
        self.link = link
        self.key = key
        self.record = _RECORD.pack(key[0], key[1] or _NOBODY, key[2])


class HeldChannel(HeldPart):
    """A channel that is held."""

    __slots__ = ()

    @property
    def words(self) -> str:
        """The channel with its link."""
        return _channel_words(self.link, self.key[1])


class HeldKey(HeldPart):
    """A key that is held."""

    __slots__ = ("identifier", "spec")

    def __init__(self, spec: MacsecKey, key: Key) -> None:
        super().__init__(spec.link, key)
        digest = _digest(spec.key)
        self.spec = spec
        self.identifier: bytes = spec.options.get("id", digest).ljust(ID_SIZE, b"\0")
        self.undo = self.identifier + digest  # a daemon after this one may have another key of the same id

    @property
    def words(self) -> str:
        """The key's number, with its link."""
        return _key_words(self.link, *self.key[1:])


S = TypeVar("S", MacsecChannel, MacsecKey)
H = TypeVar("H", bound=HeldPart)


class _MacsecParts(UntoldStore[S, H]):
    """All of one kind that are held of MACsec links."""

    __slots__ = ("_macsec",)

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup, recovery: Recovery, macsec: Macsec
    ) -> None:
        super().__init__(requests, monitor, lookup, recovery)
        self._macsec = macsec

    def check(self, suspects: dict[H, int]) -> Iterator[tuple[H, Unavailable]]:
        """Read all links once, and look at each."""
        try:
            with self._macsec.reading_once(""):
                lost = list(super().check(suspects))
        except Unavailable:
            self.suspects.update(suspects)
            return
        yield from lost

    def loss_of(self, held: H) -> Unavailable | None:
        """Look for it."""
        operation = f"hold {held.words}"
        self._lookup.body(held.key[0], operation)
        if self.stands(held, b""):
            return None
        held.gone = not self._is_there(held.key, operation)
        return Unavailable(operation, "someone removed it" if held.gone else "someone changed it")

    def _found(self, held: H, operation: str) -> MacsecLink:
        """Return the link of something as it is.

        Raises: Unavailable if it is none.
        """
        found = self._macsec.find(held.key[0], operation)
        if found is None:
            self._lookup.body(held.key[0], operation)
            reason = f"{held.link} is no MACsec link"
            raise Unavailable(operation, reason, errno.EOPNOTSUPP, (Awaited(LINK, held.key[0]),))
        return found

    def _change(self, body: bytes, operation: str) -> None:
        answer = self._macsec.change(body, operation)
        if answer is not None:
            raise refused(operation, answer, _WORDS)

    def _delete(self, body: bytes, operation: str) -> None:
        """Ask for what is done once it is gone."""
        answer = self._macsec.change(body, operation)
        if answer is not None and answer.errno not in GONE:
            raise refused(operation, answer, _WORDS)

    def _is_there(self, key: Key, operation: str) -> bool:
        raise NotImplementedError


class MacsecChannels(_MacsecParts[MacsecChannel, HeldChannel]):
    """All channels that are held."""

    __slots__ = ()
    kind = "macsec-channel"

    def prepare(self, spec: MacsecChannel) -> HeldChannel:
        """Find the link."""
        return HeldChannel(spec.link, (self._index_of(spec.link, self.operation(spec)), spec.sci, 0))

    def operation(self, spec: MacsecChannel) -> str:
        """Return what is to be done."""
        return f"add {_channel_words(spec.link, spec.sci)}"

    def look(self, held: HeldChannel) -> None:
        """See whether it is there."""
        operation = f"add {held.words}"
        active = self._found(held, operation).channels.get(held.key[1])
        if active is False:
            raise Unavailable(operation, "it is there, but off", errno.EEXIST)
        held.ours = active is None

    def do(self, held: HeldChannel) -> None:
        """Make a channel."""
        self._change(add_channel(*held.key[:2]), f"add {held.words}")

    def stands(self, held: HeldChannel, undo: bytes) -> bool:
        """Say whether a channel is there, and on."""
        link = self._macsec.find(held.key[0], f"look at {held.words}")
        return link is not None and link.channels.get(held.key[1], False)

    def undo(self, key: bytes, undo: bytes) -> None:
        """Delete a channel, unless somebody else has keys in it."""
        ifindex, sci, _ = _RECORD.unpack(key)
        operation = f"delete {_channel_words(self._requests.name_of(ifindex), sci)}"
        link = self._macsec.find(ifindex, operation)
        if link is not None and sci in link.channels and not any(one == sci for one, _ in link.associations):
            self._delete(delete_channel(ifindex, sci), operation)

    def _is_there(self, key: Key, operation: str) -> bool:
        link = self._macsec.find(key[0], operation)
        return link is not None and key[1] in link.channels


class MacsecKeys(_MacsecParts[MacsecKey, HeldKey]):
    """All keys that are held."""

    __slots__ = ()
    kind = "macsec-key"

    def prepare(self, spec: MacsecKey) -> HeldKey:
        """Find the link."""
        return HeldKey(spec, (self._index_of(spec.link, self.operation(spec)), spec.sci, spec.number))

    def operation(self, spec: MacsecKey) -> str:
        """Return what is to be done."""
        return f"add {_key_words(spec.link, spec.sci, spec.number)}"

    def share(self, held: HeldKey, made: HeldKey) -> None:
        """See that it is the same key."""
        if held.undo != made.undo:
            raise Unavailable(f"add {made.words}", "this program holds another key there", errno.EEXIST)

    def look(self, held: HeldKey) -> None:
        """See that the link takes such a key, and whether it is there."""
        operation = f"add {held.words}"
        link = self._found(held, operation)
        options = held.spec.options
        if len(held.spec.key) != link.key_size:
            raise Unavailable(operation, f"the link's cipher takes a key of {link.key_size} bytes", errno.EINVAL)
        if len(options.keys() & {"salt", "ssci"}) != 2 * link.counts_long:
            raise Unavailable(operation, "a cipher with xpn takes `salt` and `ssci`, and no other does", errno.EINVAL)
        there = link.associations.get(held.key[1:])
        if there is not None and there != (True, held.identifier):
            raise Unavailable(operation, "another key is there", errno.EEXIST)
        held.ours = there is None

    def do(self, held: HeldKey) -> None:
        """Add a key."""
        spec = held.spec
        body = add_association(*held.key, held.identifier, spec.key, spec.options)
        self._change(body, f"add {held.words}")

    def stands(self, held: HeldKey, undo: bytes) -> bool:
        """Say whether a key is there, is used, and is the one that was put there."""
        there = self._shown(held.key, f"look at {held.words}")
        return there == held.identifier and (not undo or undo == held.undo)

    def undo(self, key: bytes, undo: bytes) -> None:
        """Delete a key, if it is the one."""
        ifindex, packed, number = _RECORD.unpack(key)
        sci = b"" if packed == _NOBODY else packed
        operation = f"delete {_key_words(self._requests.name_of(ifindex), sci, number)}"
        link = self._macsec.find(ifindex, operation)
        there = link.associations.get((sci, number)) if link is not None else None
        if there is not None and there.identifier == undo[:ID_SIZE]:
            if there.active:
                self._delete(disable_association(ifindex, sci, number), operation)
            self._delete(delete_association(ifindex, sci, number), operation)

    def _shown(self, key: Key, operation: str) -> bytes | None:
        """Return the id of the key that is used there."""
        link = self._macsec.find(key[0], operation)
        there = link.associations.get(key[1:]) if link is not None else None
        return there.identifier if there is not None and there.active else None

    def _is_there(self, key: Key, operation: str) -> bool:
        link = self._macsec.find(key[0], operation)
        return link is not None and key[1:] in link.associations


def _digest(key: bytes) -> bytes:
    from hashlib import blake2s

    return blake2s(key, digest_size=ID_SIZE, person=b"macsec").digest()


def _channel_words(link: str, sci: bytes) -> str:
    """Return `channel of 02:00:00:00:0B:01 port 1 on macsec0`."""
    mac = MAC.write(sci[:6])
    port = int.from_bytes(sci[6:], "big")
    return f"channel of {mac.decode() if isinstance(mac, bytes) else ''} port {port} on {link}"


def _key_words(link: str, sci: bytes, number: int) -> str:
    """Return `key 0 of macsec0`, or with the channel that it is of."""
    return f"key {number} of {_channel_words(link, sci) if sci else link}"
