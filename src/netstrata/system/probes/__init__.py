"""Questions over one link: whether anything gets through, and whether a captive portal is in the way."""

from netstrata.system.probes.link_probe import LinkProbe
from netstrata.system.probes.portal import PortalProbe

__all__ = ["LinkProbe", "PortalProbe"]
