"""Uplinks: gateways, the default routes over them, and which of them is preferred."""

from netstrata.system.gateways.facts import RouteFacts
from netstrata.system.gateways.port import GatewaysPort
from netstrata.system.gateways.ranking import RankedGateways

__all__ = ["GatewaysPort", "RankedGateways", "RouteFacts"]
