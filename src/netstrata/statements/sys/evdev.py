"""sys.evdev: what an input device reports."""

from contextlib import aclosing
from typing import Annotated, NamedTuple

from netstrata.contract import Events, Shape, reports
from netstrata.contract.shapes.common import Text, Word, number_shape
from netstrata.ports import Ports
from netstrata.values import Value


def _signed(value: Value) -> int | None:
    if not isinstance(value, bytes) or not value.removeprefix(b"-").isdigit() or len(value) > 11:
        return None
    return int(value)


EVENT_VALUE = Shape[int](
    "an event value", "a whole number, 32 bits with sign", _signed, lambda number: b"%d" % number, ('"1"', '"-5"'),
    ('""', '"x"', "{}"),
)  # fmt: skip
EVENT_CODE = number_shape("an event code", "a whole number, 0 to 65535", 0, 65535)


class Report(NamedTuple):
    type: Text
    value: Annotated[int, EVENT_VALUE]
    code: Text
    code_numeric: Annotated[int, EVENT_CODE]


@reports("sys.evdev")
async def evdev(ports: Ports, device: Word) -> Events[Report]:
    """Show what an input device reports, one event at a time, by the kernel's names; fail when it is gone.

    Example:
        sys.evdev("/dev/input/event0") event;
        println(event.type, " ", event.code, " ", event.value);
        event->nextevent();

    Source: linux/input.h; NCD, sys.evdev.
    """
    async with aclosing(ports.events.watch_input_device(device)) as events:
        async for event in events:
            yield Report(*event)
