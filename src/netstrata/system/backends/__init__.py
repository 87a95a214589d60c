"""What stands below addresses: TAP devices, wpa_supplicant."""

from netstrata.system.backends.port import RealBackends

__all__ = ["RealBackends"]
