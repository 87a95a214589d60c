"""Ports over a model kernel, as a statement sees them."""

from typing import NoReturn

from netstrata.system.gateways import GatewaysPort, RankedGateways
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.system.netlink import Netlink
from netstrata.testing.model.kernel import ModelKernel
from netstrata.testing.model.messages import NotModelled


class ModelPorts:
    """Links, addresses, routes, rules and neighbours of a model; what else a statement asks for is not modelled.

    A test that needs more ports makes a subclass that has them.
    """

    def __init__(self, kernel: ModelKernel, recovery: Recovery = NO_RECOVERY) -> None:
        self.netlink: Netlink = kernel.netlink(recovery=recovery)
        self.wait_queues = self.netlink.monitor.wait_queues
        self.links = self.netlink.links
        self.addresses = self.netlink.addresses
        self.routes = self.netlink.routes
        self.rules = self.netlink.rules
        self.neighbours = self.netlink.neighbours
        self.gateways = GatewaysPort.over(self.netlink, RankedGateways(self.netlink))

    def __getattr__(self, port: str) -> NoReturn:
        raise NotModelled(f"the port {port}")

    def catch_up(self) -> int:
        """Hear what the kernel has said by now: see `SystemPorts`."""
        return self.netlink.catch_up()

    def close(self) -> None:
        """Close what is open."""
        self.netlink.close()
