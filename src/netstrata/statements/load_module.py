"""load_module: statements of a compiled NCD module."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Name
from netstrata.values import Refused


@computes("load_module")
def load_module(name: Name) -> None:
    """Fail, always: modules of NCD are machine code for NCD itself.

    Statements of other packages need no loading; they are found by their names.

    Example:
        process main { spawn("loading", {}); println("on we go"); exit("0"); }  # on we go
        template loading { load_module("extra"); println("never"); }

    Source: NCD, load_module.
    """
    raise Refused(f"there is no module {name}: modules are for NCD itself", argument=0)
