"""Who answers names: put together from all who hold a part of it, and kept as it should be."""

from netstrata.system.dns.forwarder import Forwarder
from netstrata.system.dns.holders import ResolverConfiguration
from netstrata.system.dns.per_link import PerLink
from netstrata.system.dns.port import DnsPort
from netstrata.system.dns.report import Resolver

__all__ = ["DnsPort", "Forwarder", "PerLink", "Resolver", "ResolverConfiguration"]
