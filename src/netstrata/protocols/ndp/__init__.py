"""Neighbour discovery, as far as it is about routers: what they advertise, who believes what, and when to ask.

No socket, no clock: packets and times are arguments.
"""

from netstrata.protocols.ndp.advertisement import ALL_NODES, ALL_ROUTERS, Advertisement, decode, encode, fault
from netstrata.protocols.ndp.routers import KnownRouters, same_facts
from netstrata.protocols.ndp.solicitation import Solicitation, solicitation

__all__ = [
    "ALL_NODES",
    "ALL_ROUTERS",
    "Advertisement",
    "KnownRouters",
    "Solicitation",
    "decode",
    "encode",
    "fault",
    "same_facts",
    "solicitation",
]
