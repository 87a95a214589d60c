"""Children: programs started, reaped through pidfds, heard line by line, and ended."""

from netstrata.system.children.child import Child
from netstrata.system.children.port import RealChildren
from netstrata.system.children.spawn import NULL, ChildStreams
from netstrata.system.children.stop_timeout import StopTimeout

__all__ = ["NULL", "Child", "ChildStreams", "RealChildren", "StopTimeout"]
