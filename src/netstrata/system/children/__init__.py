"""Children: programs started, reaped through pidfds, heard line by line, and ended."""

from netstrata.system.children.child import Child
from netstrata.system.children.patience import Patience
from netstrata.system.children.port import ChildrenPort, RealChildren
from netstrata.system.children.spawn import NULL, Streams

__all__ = ["NULL", "Child", "ChildrenPort", "Patience", "RealChildren", "Streams"]
