"""Streams of this machine: sockets that connect and listen, devices and pipes."""

from netstrata.system.streams.port import RealStreams
from netstrata.system.streams.stream import DescriptorStream

__all__ = ["DescriptorStream", "RealStreams"]
