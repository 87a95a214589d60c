"""The resolver configuration: put together from all who hold a part of it, and kept as it should be."""

from netstrata.system.dns.holders import DnsPort, ResolverConfiguration

__all__ = ["DnsPort", "ResolverConfiguration"]
