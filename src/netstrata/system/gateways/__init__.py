"""Uplinks: gateways, the default routes over them, and which of them is preferred."""

from netstrata.system.gateways.port import GatewaysPort

__all__ = ["GatewaysPort"]
