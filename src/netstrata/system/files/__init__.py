"""Files of this machine: read, written, looked at and held open."""

from netstrata.system.files.port import RealFiles

__all__ = ["RealFiles"]
