"""net.backend.rfkill: a radio that no switch blocks."""

import re
from contextlib import aclosing
from typing import Annotated

from netstrata.contract import DOWN, KERNEL, Watch, note, watches
from netstrata.contract.shapes.common import Name, word_shape
from netstrata.ports import Ports
from netstrata.values import Refused

SWITCH_TYPE = word_shape("a way to find a switch", "index or wlan", (b"index", b"wlan"), "bogus")
_NUMBER = re.compile(r"\s*([0-9]{1,9})")


@watches("net.backend.rfkill", layer=1)
async def rfkill(ports: Ports, type_: Annotated[bytes, SWITCH_TYPE], name: Name) -> Watch[None]:
    """Be up while a radio switch exists and is blocked neither by a program nor by a button.

    It is found by its own number (index) or as that of a wireless link (wlan).

    Example:
        net.backend.rfkill("wlan", "wlan0");

    Source: linux/rfkill.h; NCD, net.backend.rfkill.
    """
    if type_ == b"wlan":
        index = ports.events.switch_of(name)
    else:
        number = _NUMBER.match(name)
        if number is None:
            raise Refused(f"expected the number of a radio switch, not {name}", argument=1)
        index = int(number[1])
    async with aclosing(ports.events.watch_switch(index)) as states:
        async for free in states:
            note(f"radio switch {index} is free" if free else f"radio switch {index} is missing, or blocks", KERNEL)
            yield None if free else DOWN
