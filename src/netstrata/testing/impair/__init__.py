"""Faults on purpose: what NETSTRATA_IMPAIR asks for is done to the ports of a daemon.  For tests only.

`netstrata run` loads this room only if that variable is set.  A kind of fault is a function `@impairment` in any module
here: they are found by looking, so that no list has their names.
"""

from netstrata.testing.impair.ports import ImpairedPorts
from netstrata.testing.impair.reading import BadImpairment, read_impairments

__all__ = ["BadImpairment", "ImpairedPorts", "read_impairments"]
