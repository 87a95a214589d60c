"""The machine itself.  Source: reboot(2)."""

import ctypes
import os

from netstrata.system.c_library import C_LIBRARY
from netstrata.values import Unavailable

_RESTART = 0x01234567
_POWER_OFF = 0x4321FEDC


class RealMachine:
    """This machine."""

    __slots__ = ()

    def reboot(self) -> None:
        """Start it anew: see `ports.Machine`."""
        _reboot("reboot the machine", _RESTART)

    def power_off(self) -> None:
        """Switch it off: see `ports.Machine`."""
        _reboot("power the machine off", _POWER_OFF)


def _reboot(operation: str, command: int) -> None:
    if C_LIBRARY.reboot(ctypes.c_int(command)) != 0:
        number = ctypes.get_errno()
        raise Unavailable(operation, os.strerror(number), number)
