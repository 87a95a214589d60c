"""The keys, ports and marks of WireGuard links; the undo journal has a digest of a key."""

import errno
from hashlib import blake2s
from struct import Struct
from typing import Final

from netstrata.ports.wireguard import WireguardDevice
from netstrata.protocols.wireguard.device import NO_KEY, Device, DeviceChange, clamp
from netstrata.system.wireguard.parts import INDEX, WireguardPart, WireguardParts
from netstrata.values import Unavailable

_FOUND: Final = Struct("=16sHI")  # digest of our private key; the port and the mark that were there


class HeldDevice(WireguardPart):
    """The key, port and mark of a link."""

    __slots__ = ("spec",)

    def __init__(self, spec: WireguardDevice, ifindex: int) -> None:
        super().__init__(spec.link, ifindex)
        self.spec = spec

    @property
    def words(self) -> str:
        """The link, and what it is told."""
        return f"the key of {self.link}"


class HeldDevices(WireguardParts[WireguardDevice, HeldDevice]):
    """The keys, ports and marks of links."""

    __slots__ = ()
    kind = "wireguard"

    def operation(self, spec: WireguardDevice) -> str:
        """Return what is to be done."""
        return f"set the key of {spec.link}"

    def prepare(self, spec: WireguardDevice) -> HeldDevice:
        """Find the link."""
        return HeldDevice(spec, self._index_of(spec.link, self.operation(spec)))

    def share(self, held: HeldDevice, made: HeldDevice) -> None:
        """See that it is the same."""
        if held.spec != made.spec:
            raise Unavailable(f"set {made.words}", "this program has set another one", errno.EEXIST)

    def look(self, held: HeldDevice) -> None:
        """See whether it is so already."""
        operation = f"set {held.words}"
        device = self._device_of(held, operation)
        if device.private_key == NO_KEY:
            held.undo = _FOUND.pack(_digest(held.spec.private_key), device.listen_port, device.fwmark)
            return
        reason = self._difference(held, device)
        if reason:
            raise Unavailable(operation, f"it has another {reason}", errno.EEXIST)
        held.ours = False

    def do(self, held: HeldDevice) -> None:
        """Set what is asked for."""
        self._change(held, self._device_of(held, f"set {held.words}"))

    def mend(self, held: HeldDevice) -> bool:
        """Set it in the place of what a daemon before us has set; peers and what they have agreed on stay."""
        device = self._device_of(held, f"set {held.words}")
        digest, *found = _FOUND.unpack(held.undo) if held.undo else (b"",)
        if digest != _digest(device.private_key):
            return False
        held.undo = _FOUND.pack(_digest(held.spec.private_key), *found)
        self._change(held, device)
        return True

    def undo(self, key: bytes, undo: bytes) -> None:
        """Take the key away, if it is ours, and have the port and the mark that were there."""
        [ifindex] = INDEX.unpack(key)
        digest, port, mark = _FOUND.unpack(undo)
        operation = f"take the key of {self._requests.name_of(ifindex)} away"
        device = self._found(ifindex, operation)
        if device is not None and _digest(device.private_key) == digest:
            mark_change = mark if device.fwmark != mark else None
            port_change = port if device.listen_port != port else None
            self._devices.change(ifindex, DeviceChange(NO_KEY, port_change, mark_change), operation)

    def _change(self, held: HeldDevice, device: Device) -> None:
        """Set what is another one: who gets a key anew, if it is the same, ends what was agreed on (Linux 6.1)."""
        spec = held.spec
        key = clamp(spec.private_key)
        change = DeviceChange(
            key if key != device.private_key else None,
            spec.listen_port if spec.listen_port != device.listen_port else None,
            spec.fwmark if spec.fwmark != device.fwmark else None,
        )
        self._devices.change(held.ifindex, change, f"set {held.words}")

    def _was_so(self, held: HeldDevice, undo: bytes) -> bool:
        if undo:
            held.undo = undo
        return not undo or _FOUND.unpack(undo)[0] == _digest(held.spec.private_key)

    def _difference(self, held: HeldDevice, device: Device) -> str:
        spec = held.spec
        if device.private_key != clamp(spec.private_key):
            return "private key"
        if spec.listen_port not in (None, 0, device.listen_port):
            return "port"
        return "mark" if spec.fwmark not in (None, device.fwmark) else ""

    def _is_there(self, held: HeldDevice, device: Device) -> bool:
        return device.private_key != NO_KEY


def _digest(private_key: bytes) -> bytes:
    return (
        blake2s(clamp(private_key), digest_size=16, person=b"netstrwg").digest() if private_key != NO_KEY else b"none"
    )
