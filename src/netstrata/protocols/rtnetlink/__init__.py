"""rtnetlink as bytes: links, addresses, routes and neighbours; no socket."""

from netstrata.protocols.rtnetlink.addresses import AddressMessage, ask_addresses, decode_address, encode_address
from netstrata.protocols.rtnetlink.links import (
    LinkMessage,
    ask_link,
    ask_link_named,
    ask_links,
    decode_link,
    promotes,
    set_promotion,
    set_up,
)
from netstrata.protocols.rtnetlink.neighbours import (
    NeighbourMessage,
    ask_neighbours,
    decode_neighbour,
    encode_neighbour,
)
from netstrata.protocols.rtnetlink.routes import (
    NextHop,
    RouteMessage,
    ask_routes,
    decode_route,
    destination_of,
    encode_route,
)
from netstrata.protocols.rtnetlink.wire import (
    Answer,
    Malformed,
    Message,
    Octets,
    answer_of,
    attribute,
    attributes,
    done_of,
    message,
    messages,
)

__all__ = [
    "AddressMessage",
    "Answer",
    "LinkMessage",
    "Malformed",
    "Message",
    "NeighbourMessage",
    "NextHop",
    "Octets",
    "RouteMessage",
    "answer_of",
    "ask_addresses",
    "ask_link",
    "ask_link_named",
    "ask_links",
    "ask_neighbours",
    "ask_routes",
    "attribute",
    "attributes",
    "decode_address",
    "decode_link",
    "decode_neighbour",
    "decode_route",
    "destination_of",
    "done_of",
    "encode_address",
    "encode_neighbour",
    "encode_route",
    "message",
    "messages",
    "promotes",
    "set_promotion",
    "set_up",
]
