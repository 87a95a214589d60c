"""What happens on this machine: in directories, on input devices, to devices and radio switches."""

from netstrata.system.events.port import RealEvents

__all__ = ["RealEvents"]
