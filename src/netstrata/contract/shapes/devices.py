"""The shapes of what is shown of devices."""

from typing import Annotated

from netstrata.contract.shapes.common import word_shape

_KINDS = (b"tablet", b"joystick", b"touchscreen", b"mouse", b"touchpad", b"key", b"keyboard", b"unknown")

DEVICE_EVENT = word_shape("an event type", "added or removed", (b"added", b"removed"), "moved")
INPUT_KIND = word_shape(
    "a kind of input device", "tablet, joystick, touchscreen, mouse, touchpad, key, keyboard or unknown", _KINDS, "door"
)

DeviceEvent = Annotated[bytes, DEVICE_EVENT]
InputKind = Annotated[bytes, INPUT_KIND]
