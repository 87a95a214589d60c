"""How a statement says what it is: declarations, shapes, and the decorators that read a signature."""

from netstrata.contract.declaration import Argument, Declaration, Shape, Variable
from netstrata.contract.decorators import DOWN, Down, Up, Watch, computes, configures, declaration_of, watches
from netstrata.contract.running import Running, running, set_running

__all__ = [
    "DOWN",
    "Argument",
    "Declaration",
    "Down",
    "Running",
    "Shape",
    "Up",
    "Variable",
    "Watch",
    "computes",
    "configures",
    "declaration_of",
    "running",
    "set_running",
    "watches",
]
