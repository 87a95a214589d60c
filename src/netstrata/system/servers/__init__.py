"""Servers: programs with a generated configuration, supervised."""

from netstrata.system.servers.port import RealServers

__all__ = ["RealServers"]
