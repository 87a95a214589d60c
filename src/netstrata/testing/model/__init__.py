"""A model of the kernel's network configuration, which a test needs neither root nor a namespace for."""

from netstrata.testing.model.kernel import ModelKernel
from netstrata.testing.model.messages import NotModelled
from netstrata.testing.model.ports import ModelPorts

__all__ = ["ModelKernel", "ModelPorts", "NotModelled"]
