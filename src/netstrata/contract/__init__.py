"""How a statement says what it is: declarations, shapes, and the decorators that read a signature."""

from netstrata.contract.declaration import Argument, Declaration, Shape, Variable
from netstrata.contract.decorators import (
    DOWN,
    Down,
    Events,
    Revised,
    Up,
    Watch,
    acts,
    check_example,
    check_path,
    computes,
    configures,
    declaration_of,
    paths_of,
    reports,
    watches,
)
from netstrata.contract.holder import DHCP, KERNEL, NOTE, SUPPLICANT, Holder, PortsFor

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
    "Holder",
    "PortsFor",
    "Revised",
    "Shape",
    "Up",
    "Variable",
    "Watch",
    "acts",
    "check_example",
    "check_path",
    "computes",
    "configures",
    "declaration_of",
    "paths_of",
    "reports",
    "watches",
]
