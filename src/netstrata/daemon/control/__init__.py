"""The control socket: whoever may ask the daemon how it is, or steer it, and nobody whom it waits for."""

from netstrata.daemon.control.server import ControlSocket

__all__ = ["ControlSocket"]
