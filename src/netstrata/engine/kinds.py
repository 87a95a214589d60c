"""Which class the statements of a declaration are of, by its kind."""

from typing import Final

from netstrata.contract import Declaration
from netstrata.engine.async_statement import Configured
from netstrata.engine.computed import Acted, Computed
from netstrata.engine.registry import Maker
from netstrata.engine.reported import NextEvent, Reported
from netstrata.engine.watched import Watched

_MAKERS: Final[dict[str, Maker]] = {
    "computes": Computed,
    "acts": Acted,
    "configures": Configured,
    "watches": Watched,
    "reports": Reported,
    "nextevent": NextEvent,
}


def maker_of(declaration: Declaration) -> Maker:
    """Return what makes statements of a declaration: the class of its kind, else its own."""
    maker: Maker = _MAKERS.get(declaration.kind, declaration.implementation)
    return maker
