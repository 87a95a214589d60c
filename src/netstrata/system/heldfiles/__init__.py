"""Files, directories and links that are there for as long as a statement is up."""

from netstrata.system.heldfiles.port import RealHeldFiles

__all__ = ["RealHeldFiles"]
