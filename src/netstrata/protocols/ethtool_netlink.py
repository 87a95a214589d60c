"""What a link's driver does: one row for each thing that can be set, and the only place that knows it.

The family `ethtool` of generic netlink, since Linux 5.9.  Source: linux/ethtool_netlink.h, ethtool(8).
"""

from collections.abc import Callable, Iterator, Mapping
from struct import Struct
from typing import Annotated, Any, Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.driver import FEATURES, SPEED, WAKE_ON
from netstrata.contract.shapes.link import SWITCH, whole
from netstrata.protocols import genetlink
from netstrata.protocols.rtnetlink.constants import NLA_F_NESTED
from netstrata.protocols.rtnetlink.wire import U32, Octets, attribute, attributes, nest, text_of, u32_of

FAMILY: Final = "ethtool"
_HEADER, _DEV_INDEX, _HEADER_FLAGS, _OMIT_REPLY = 1, 1, 3, 2
_BIT, _BIT_NAME, _BIT_VALUE = 1, 2, 3
_NOMASK, _BITS = 1, 3
_LINK_MODES, _WAKE, _FEATURES, _RINGS, _CHANNELS, _PAUSE = 4, 9, 11, 15, 17, 21  # to ask; to set is one more
_AUTONEG, _OURS, _SPEED, _DUPLEX = 2, 3, 5, 6
_UNKNOWN = 2**32 - 1
_WANTED, _ACTIVE = 3, 4
_U8 = Struct("=B")
# The letters of `ethtool -s eth0 wol`, by the names that the kernel gives to them.
_WAKE_NAMES: Final = {
    "phy": "p", "ucast": "u", "mcast": "m", "bcast": "b", "arp": "a", "magic": "g", "magicsecure": "s", "filter": "f",
}  # fmt: skip

Shown = dict[int, bytes]  # the attributes of an answer


def _as_it_is(value: Any, shown: Shown) -> Any:
    return value


class DriverSetting(NamedTuple):
    """One thing that a driver does: which values fit, the message that asks for it, and how it is written and read."""

    shape: Shape[Any]
    ask: int
    encode: Callable[[Any, Shown], bytes]  # is given what is shown before
    decode: Callable[[Shown], Any]  # None: the driver knows no such thing
    told: bool = False  # rtnetlink tells of each change
    resolve: Callable[[Any, Shown], Any] = _as_it_is  # what a program's value is to this driver; None: nothing

    def words(self, value: Any) -> str:
        """Return a value as it is written in a program, or as the driver has it."""
        if self.shape is SPEED and isinstance(value, str):  # as the undo journal has it, too
            return LinkModes(value).words
        written = self.shape.write(value)
        return written.decode("utf-8", "backslashreplace") if isinstance(written, bytes) else ""


def _number(shape: Shape[int], ask: int, kind: int, form: Struct) -> DriverSetting:
    def decode(shown: Shown) -> int | None:
        return form.unpack(shown[kind])[0] if len(shown.get(kind, b"")) == form.size else None

    return DriverSetting(shape, ask, lambda value, _: attribute(kind, form.pack(value)), decode)


def _bits(kind: int, names: Mapping[str, bool], *, exactly: bool) -> bytes:
    """Return a bitset: of some bits what they are to be, or exactly those that are to be on."""
    each = b"".join(
        nest(_BIT, (_BIT_NAME, name.encode() + b"\0"), *(((_BIT_VALUE, b""),) if on else ()))
        for name, on in names.items()
    )
    mask = ((_NOMASK, b""),) if exactly else ()
    return nest(kind, *mask, (_BITS | NLA_F_NESTED, each))


def _read_bits(data: bytes) -> Iterator[tuple[str, bool]]:
    """Yield the name of each bit of a bitset, and whether it is on: without a mask all that are there are on."""
    parts = genetlink.nested(data)
    bits = parts.get(_BITS, b"")
    for _, first, last in attributes(bits, 0, len(bits)):
        found = {kind: (begin, end) for kind, begin, end in attributes(bits, first, last)}
        yield text_of(bits, *found.get(_BIT_NAME, (0, 0))), _BIT_VALUE in found or _NOMASK in parts


def _feature(name: str) -> DriverSetting:
    def decode(shown: Shown) -> int:
        return int(any(one == name and on for one, on in _read_bits(shown.get(_ACTIVE, b""))))

    def encode(value: int, shown: Shown) -> bytes:
        return _bits(_WANTED, {name: bool(value)}, exactly=False)

    return DriverSetting(SWITCH, _FEATURES, encode, decode, told=True)


def _encode_wake(letters: str, shown: Shown) -> bytes:
    return _bits(2, {name: True for name, letter in _WAKE_NAMES.items() if letter in letters}, exactly=True)


def _decode_wake(shown: Shown) -> str | None:
    if 2 not in shown:
        return None
    return "".join(_WAKE_NAMES.get(name, "") for name, on in _read_bits(shown[2]) if on)


class LinkModes(str):
    """Which speeds a link offers to the other end, as the kernel calls them: `100baseT/Full`; or the one it just takes.

    Shapes: names with spaces between them, in the kernel's order; or `forced`, Mb/s and the kernel's number of duplex.
    """

    __slots__ = ()

    @property
    def words(self) -> str:
        """The speeds for people: one as it is written in a program, several by their names."""
        if self.startswith("forced "):
            return self
        ways = {_way_of(name) for name in self.split()}
        mbps, duplex = next(iter(ways)) if len(ways) == 1 else (0, 0)
        return f"{mbps}/{'full' if duplex else 'half'}" if mbps else f"auto ({self or 'nothing'})"


def _way_of(name: str) -> tuple[int, int]:
    """Return speed and duplex of a mode, (0, 0) if it is none of speed, as a kind of plug."""
    number, base, _ = name.partition("base")
    return (int(number), int(name.endswith("/Full"))) if base and number.isdigit() else (0, 0)


def _known_modes(shown: Shown) -> dict[str, bool]:
    """Return the modes that a driver knows, and whether each is offered."""
    return {name: on for name, on in _read_bits(shown.get(_OURS, b"")) if _way_of(name)[0]}


def _resolve_speed(value: tuple[int, int], shown: Shown) -> LinkModes | None:
    """Return the modes of a driver that have a speed, all for auto; None if it has none."""
    found = [name for name in _known_modes(shown) if value == (0, 0) or _way_of(name) == value]
    return LinkModes(" ".join(found)) if found else None


def _encode_speed(value: str, shown: Shown) -> bytes:
    forced, *numbers = value.split() or [""]
    if forced == "forced":
        speed, duplex = (int(number) for number in numbers)
        known = b"" if speed == _UNKNOWN else attribute(_SPEED, U32.pack(speed)) + attribute(_DUPLEX, _U8.pack(duplex))
        return attribute(_AUTONEG, b"\0") + known
    offered = value.split()
    modes = {name: name in offered for name in _known_modes(shown)}
    return attribute(_AUTONEG, b"\1") + _bits(_OURS, modes, exactly=False)


def _decode_speed(shown: Shown) -> LinkModes | None:
    if any(shown.get(_AUTONEG, b"")):
        return LinkModes(" ".join(name for name, on in _known_modes(shown).items() if on))
    if len(shown.get(_SPEED, b"")) != U32.size or not shown.get(_DUPLEX):
        return None
    return LinkModes(f"forced {u32_of(shown[_SPEED], 0, U32.size)} {shown[_DUPLEX][0]}")


_SIZE = whole("a number of packets", 1, 2**32 - 1)
_COUNT = whole("a number of queues", 0, 2**32 - 1)
DRIVER_SETTINGS: Final[dict[str, DriverSetting]] = {
    "speed": DriverSetting(SPEED, _LINK_MODES, _encode_speed, _decode_speed, resolve=_resolve_speed),
    "wol": DriverSetting(WAKE_ON, _WAKE, _encode_wake, _decode_wake),
    "ring-rx": _number(_SIZE, _RINGS, 6, U32),
    "ring-rx-mini": _number(_SIZE, _RINGS, 7, U32),
    "ring-rx-jumbo": _number(_SIZE, _RINGS, 8, U32),
    "ring-tx": _number(_SIZE, _RINGS, 9, U32),
    "channels-rx": _number(_COUNT, _CHANNELS, 6, U32),
    "channels-tx": _number(_COUNT, _CHANNELS, 7, U32),
    "channels-combined": _number(_COUNT, _CHANNELS, 9, U32),
    "pause-autoneg": _number(SWITCH, _PAUSE, 2, _U8),
    "pause-rx": _number(SWITCH, _PAUSE, 3, _U8),
    "pause-tx": _number(SWITCH, _PAUSE, 4, _U8),
    **{name: _feature(name) for name in FEATURES},
}
DRIVER_OPTIONS = OptionsShape(
    "driver settings",
    {word: setting.shape for word, setting in DRIVER_SETTINGS.items()},
    ('["rx-gro": "off", "ring-rx": "512"]', '["speed": "100/full", "wol": "g"]', "[]"),
    ('["gro": "off"]', '["ring-rx": "0"]', '["speed": "fast"]', "{}"),
)
DriverOptions = Annotated[Options, DRIVER_OPTIONS]


def ask(message: int, ifindex: int) -> bytes:
    """Return the body of a question about one link."""
    return genetlink.request(message, 1, nest(_HEADER, (_DEV_INDEX, U32.pack(ifindex))))


def change(word: str, ifindex: int, value: Any, shown: Shown) -> bytes:
    """Return the body of a message that sets one thing, which is answered with yes or no only."""
    setting = DRIVER_SETTINGS[word]
    header = nest(_HEADER, (_DEV_INDEX, U32.pack(ifindex)), (_HEADER_FLAGS, U32.pack(_OMIT_REPLY)))
    return genetlink.request(setting.ask + 1, 1, header, setting.encode(value, shown))


def decode(data: Octets, start: int, end: int) -> Shown:
    """Return what an answer shows.

    Raises: Malformed.
    """
    return genetlink.values(data, start, end)
