"""What others do to the network, in words: `addr add eth0 192.0.2.1/24`.  What is not there is passed over."""

from collections.abc import Callable

from netstrata.protocols.rtnetlink import (
    ROUTE_KINDS,
    RuleMessage,
    attribute,
    encode_link,
    encode_neighbour,
    encode_new_link,
    encode_route,
    encode_rule,
    encode_settings,
    set_master,
    set_up,
)
from netstrata.protocols.rtnetlink.addresses import IFADDRMSG
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    IFA_ADDRESS,
    IFA_CACHEINFO,
    IFA_LOCAL,
    NLM_F_APPEND,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    NUD_PERMANENT,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_DELNEIGH,
    RTM_DELROUTE,
    RTM_DELRULE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWNEIGH,
    RTM_NEWROUTE,
    RTM_NEWRULE,
    RTN_UNICAST,
    RTPROT_STATIC,
)
from netstrata.protocols.rtnetlink.rules import FR_ACT_TO_TBL, NOT_SUPPRESSED
from netstrata.testing.schedules.kernel import WatchedKernel
from netstrata.testing.schedules.schedule import Step
from netstrata.values import parse_address

_FLAGS = {
    "add": NLM_F_CREATE | NLM_F_EXCL,
    "replace": NLM_F_CREATE | NLM_F_REPLACE,
    "append": NLM_F_CREATE | NLM_F_APPEND,
}
_SHORT_LIFE = b"".join(number.to_bytes(4, "little") for number in (1800, 3600, 0, 0))
_PROTOCOL_OF_ROUTE = 5  # its place in the header


class Others:
    """Everybody who is not the daemon."""

    def __init__(self, kernel: WatchedKernel) -> None:
        self._kernel = kernel
        self._requests = kernel.other()
        self._does: dict[str, Callable[..., None]] = {
            "addr": self._addr,
            "route": self._route,
            "rule": self._rule,
            "neigh": self._neigh,
            "link": self._link,
            "dad": kernel.finish_dad,
            "duplicate": self._duplicate,
        }

    def do(self, step: Step) -> None:
        """Do one thing."""
        what, *words = step
        self._does[what](*words)
        self._kernel.look()

    def close(self) -> None:
        """Do nothing any more."""
        self._requests.close()

    def _addr(self, how: str, link: str, network: str) -> None:
        index = self._index(link)
        address, _, prefix = network.partition("/")
        packed = _packed(address)
        family = AF_INET if len(packed) == 4 else AF_INET6
        body = IFADDRMSG.pack(family, int(prefix), 0, 0, index) + attribute(IFA_ADDRESS, packed)
        if family == AF_INET:
            body += attribute(IFA_LOCAL, packed)
        if how == "life":
            body += attribute(IFA_CACHEINFO, _SHORT_LIFE)
        if index:
            kind = RTM_DELADDR if how == "del" else RTM_NEWADDR
            self._requests.request(kind, _FLAGS["replace" if how == "life" else "add"], body)

    def _route(self, how: str, network: str, via: str, link: str, metric: str, table: str) -> None:
        index = self._index(link)
        address, _, prefix = network.partition("/")
        kind = RTN_UNICAST if via != "blackhole" else ROUTE_KINDS["blackhole"]
        gateway = _packed(via) if via not in ("none", "blackhole") else None
        if not index and kind == RTN_UNICAST:
            return
        wanted = index if kind == RTN_UNICAST else 0
        body = encode_route(_packed(address), int(prefix), gateway, wanted, int(metric), int(table), kind)
        if how == "del":
            body = body[:_PROTOCOL_OF_ROUTE] + b"\0" + body[_PROTOCOL_OF_ROUTE + 1 :]  # whosever it is
            self._requests.request(RTM_DELROUTE, 0, body)
        else:
            body = body[:_PROTOCOL_OF_ROUTE] + bytes((RTPROT_STATIC,)) + body[_PROTOCOL_OF_ROUTE + 1 :]
            self._requests.request(RTM_NEWROUTE, _FLAGS[how], body)

    def _rule(self, how: str, priority: str, table: str) -> None:
        rule = RuleMessage(
            AF_INET, int(priority), b"", 0, b"", 0, "", "", 0, 0, None, False, FR_ACT_TO_TBL, int(table),
            NOT_SUPPRESSED, 0,
        )  # fmt: skip
        if how == "add":
            self._requests.request(RTM_NEWRULE, _FLAGS["add"], encode_rule(rule))
            return
        for one in self._kernel.rules.of_family[AF_INET]:
            found = one.read()
            if (found.priority, found.table) == (int(priority), int(table)):
                self._requests.request(RTM_DELRULE, 0, encode_rule(found))
                return

    def _neigh(self, how: str, link: str, address: str, mac: str) -> None:
        index, packed = self._index(link), _packed(address)
        if not index:
            return
        family = AF_INET if len(packed) == 4 else AF_INET6
        if how == "del":
            self._requests.request(RTM_DELNEIGH, 0, encode_neighbour(family, index, 0, packed, b""))
        else:
            body = encode_neighbour(family, index, NUD_PERMANENT, packed, bytes.fromhex(mac.replace(":", "")))
            self._requests.request(RTM_NEWNEIGH, _FLAGS[how], body)

    def _link(self, how: str, link: str, *words: str) -> None:
        index = self._index(link)
        if how == "add":
            body = encode_new_link(link, words[0], 0, words[1] if words[1:] else "", {}, {})
            self._requests.request(RTM_NEWLINK, _FLAGS["add"], body)
        elif how == "plug" and not index:
            self._kernel.plug(link)
        elif not index:
            return
        elif how == "del":
            self._requests.request(RTM_DELLINK, 0, encode_link(index))
        elif how in ("up", "down"):
            self._requests.request(RTM_NEWLINK, 0, set_up(index, how == "up"))
        elif how == "master":
            self._requests.request(RTM_NEWLINK, 0, set_master(index, self._index(words[0])))
        elif how == "unplug" and not self._kernel.links.by_index[index].kind:
            self._kernel.unplug(link)
        elif how == "carrier" and not self._kernel.links.by_index[index].kind:
            self._kernel.carrier(link, words[0] == "on")
        elif how in ("mtu", "txqueuelen"):
            self._requests.request(RTM_NEWLINK, 0, encode_settings(index, {how: int(words[0])}))
        elif how == "alias":
            self._requests.request(RTM_NEWLINK, 0, encode_settings(index, {"alias": words[0].encode()}))
        elif how == "name":
            self._requests.request(RTM_NEWLINK, 0, encode_settings(index, {"name": words[0]}))
        elif how == "mac":
            mac = bytes.fromhex(words[0].replace(":", ""))
            self._requests.request(RTM_NEWLINK, 0, encode_settings(index, {"address": mac}))

    def _duplicate(self, link: str, address: str) -> None:
        index = self._index(link)
        if index:
            self._kernel.duplicates.add((index, _packed(address)))

    def _index(self, name: str) -> int:
        link = self._kernel.links.named(name)
        return link.ifindex if link is not None else 0


def _packed(address: str) -> bytes:
    packed = parse_address(address.encode())
    assert packed is not None
    return packed
