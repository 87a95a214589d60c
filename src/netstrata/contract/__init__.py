"""How a statement says what it is: declarations, shapes, and the decorators that read a signature."""

from netstrata.contract.declaration import Argument, Declaration, Shape, Variable
from netstrata.contract.decorators import (
    DOWN,
    Down,
    Events,
    Up,
    Watch,
    acts,
    computes,
    configures,
    declaration_of,
    reports,
    watches,
)
from netstrata.contract.running import DHCP, KERNEL, NOTE, SUPPLICANT, Running, note, running, set_running

__all__ = [
    "DHCP",
    "DOWN",
    "KERNEL",
    "NOTE",
    "SUPPLICANT",
    "Argument",
    "Declaration",
    "Down",
    "Events",
    "Running",
    "Shape",
    "Up",
    "Variable",
    "Watch",
    "acts",
    "computes",
    "configures",
    "declaration_of",
    "note",
    "reports",
    "running",
    "set_running",
    "watches",
]
