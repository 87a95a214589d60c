"""What somebody can change by hand about what a statement holds, and what becomes of it.

iproute2 6.1.0, procps 4.0.2, Linux 6.18.  A statement that holds something of the network fails
test_drifts.py until it stands here.
"""

from typing import NamedTuple

from tests.kernel.statements.rows import MACSEC
from tests.kernel.statements.rows import VLANS as _VLANS

_ROUTES = "ip route show table all dev va"
_NO_DAD = "sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.va.accept_dad=0"
_ROUTES6 = "ip -6 route show table all dev va | grep 2001 | sed 's/ pref.*//'"
_LINK = "ip -d -o link show dev {} | sed 's/state.*mode/mode/; s/^[0-9]*: //; s/<.*>//'"
_UP = 'net.up("va");'
_ANOTHER = "another route is there"
_NEIGHBOURS = "ip neigh show nud permanent"


class Drift(NamedTuple):
    """One change by hand.

    Shapes: `line` is what is done, `look` what shows it: afterwards it shows again what it did before.  Where a change
    is only told of, `told` is what is said.  `program` is the statement if it is not its row's.
    """

    name: str
    line: str
    look: str
    program: str = ""
    told: str = ""
    ready: str = "true"  # before all


_PORT = 'net.bridge.port("vz", "va", ["cost": "7", "priority": "9", "hairpin": "on"]);'
_BRIDGE = 'net.bridge("vz", ["ageing_time": "5000", "priority": "4096"]);'
_SET = 'net.link.set("{}", ["{}": "{}"]);'
_VXLAN = 'net.vxlan("vz", ["id": "42", "remote": "192.0.2.2", "dstport": "4789", "ttl": "9"]);'
_TTL = 'net.{0}("vz", ["local": "{1}1", "remote": "{1}2", "ttl": "9"]);'
_GENEVE = 'net.geneve("vz", ["id": "42", "remote": "192.0.2.2", "ttl": "9"]);'
_HEARD = "vz rx port 1 address 02:00:00:00:0b:01"
_QOS = 'net.vlan("va", "7", "vz", ["egress-qos-map": {"0:1", "6:7"}]);'
_VLAN = 'net.vlan("va", "7", "vz", ["gvrp": "on"]);'
_BOND = 'net.bond("vz", ["mode": "active-backup", "miimon": "100"]);'
_DELETED = (
    "net.geneve",
    "net.vti",
    "net.vti6",
    "net.netkit",
    "net.gretap",
    "net.ip6gre",
    "net.ip6gretap",
    "net.xfrm",
    "net.macsec",
)
_TBF_OF_VA = "tc qdisc show dev va | sed 's/refcnt.*rate/rate/'"
_ADDRESS = 'net.ipv4.addr("va", "192.0.2.1/24");'
_TWO_WAYS = 'net.route("203.0.113.0/24", ["nexthops": {["dev": "va", "weight": "2"], ["dev": "lo"]}]);'
_LOCAL = 'net.route("203.0.113.0/24", ["type": "local", "dev": "lo"]);'
_WEB_RULE = 'net.rule(["priority": "9", "ipproto": "tcp", "dport": "80-88", "goto": "100"]);'
_ALL_RULES = "ip rule show priority 9 | grep 80-88"
_SYSCTL = 'net.sysctl("net.ipv4.conf.va.{}", "1");'
_SETTING = "cat /proc/sys/net/ipv4/conf/va/{}"
_PROTODOWN = _VXLAN + _SET.format("vz", "protodown", "on")
_ALIAS_UP = _UP + _SET.format("va", "alias", "uplink")
_ALL_OF = "ip -d -o link show dev {} | sed 's/^[0-9]*: //'"
# Each setting of a link, what is held and what somebody else makes of it.
_SETTINGS = {
    "mtu": ("1400", "1300"), "address": ("02:00:00:00:0a:77", "02:00:00:00:0a:78"), "alias": ("uplink", "backup"),
    "group": ("7", "8"), "txqueuelen": ("500", "600"), "gso_max_size": ("40000", "50000"),
    "gso_max_segs": ("100", "200"), "gro_max_size": ("40000", "50000"), "arp": ("off", "on"),
    "multicast": ("off", "on"), "allmulticast": ("on", "off"), "promisc": ("on", "off"),
    "mode": ("dormant", "default"), "addrgenmode": ("none", "random"),
}  # fmt: skip
DRIFTS = [
    Drift("net.up", "ip link set va down", "ip -br link show va | grep -o '<.*UP'"),
    Drift("net.down", "ip link set va up", "ip -br link show va | grep -o 'DOWN '"),
    Drift("net.mtu", "ip link set va mtu 1300", _LINK.format("va")),
    Drift("net.mac", "ip link set va address 02:00:00:00:0a:78", _LINK.format("va")),
    *(
        Drift("net.link.set", f"ip link set va {word} {other}", _ALL_OF.format("va"), _SET.format("va", word, held))
        for word, (held, other) in _SETTINGS.items()
    ),
    Drift("net.link.set", "ip token set ::6 dev va", "ip token show dev va", _SET.format("va", "token", "::5")),
    Drift("net.link.set", "ip link set vz protodown off", _ALL_OF.format("vz"), _PROTODOWN),
    Drift("net.link.set", "ip link set va alias other", _ALL_OF.format("va"), _ALIAS_UP),
    Drift("net.link.set", "echo other > /sys/class/net/va/ifalias", _ALL_OF.format("va")),
    Drift("net.ethtool", "ethtool -K va gro off", "ethtool -k va"),
    Drift(
        "net.ethtool", "ethtool -L va rx 2", "ethtool -l va | tail -5", 'net.ethtool("va", ["channels-rx": "1"]);',
    ),
    Drift("net.shape", "tc qdisc del dev va root", _TBF_OF_VA),
    Drift("net.shape", "tc qdisc change dev va root tbf rate 1mbit burst 32k latency 50ms", _TBF_OF_VA),
    Drift("net.rename", "ip link set wan name wan2", "ip -br link show", told="someone has set the name of va to wan2"),
    Drift("net.ipv4.addr", "ip addr flush dev va", "ip -4 -br addr show va"),
    Drift("net.ipv4.addr", "ip route flush table main", _ROUTES, _ADDRESS),
    Drift("net.ipv4.addr", "ip route flush table local", _ROUTES, _ADDRESS),
    Drift(
        "net.ipv4.addr", "ip addr change 192.0.2.1/24 dev va valid_lft 900 preferred_lft 900", "ip -o -4 addr show va"
    ),
    Drift("net.addr", "ip addr flush dev va", "ip -4 -br addr show va"),
    Drift("net.addr", "ip addr change 192.0.2.1/24 dev va metric 8", "ip -o -4 addr show va"),
    Drift("net.addr", "ip route flush table main", _ROUTES, 'net.addr("va", "192.0.2.1/24", ["metric": "7"]);'),
    Drift("net.ipv6.addr", "ip -6 addr flush dev va scope global", "ip -6 -o addr show va scope global"),
    Drift("net.ipv6.addr", "ip -6 route flush table main", _ROUTES6, ready=_NO_DAD),
    Drift("net.ipv6.addr", "ip -6 route flush table local", _ROUTES6, ready=_NO_DAD),
    Drift(
        "net.ipv6.addr", "ip addr change 2001:db8::5/64 dev va valid_lft 900 preferred_lft 0",
        "ip -6 -o addr show va scope global", ready=_NO_DAD,
    ),
    Drift("net.ipv4.route", "ip route flush table main", "ip route show"),
    Drift("net.ipv4.route", "ip route change 198.51.100.0/24 dev va metric 5 mtu 1300", "ip route", told=_ANOTHER),
    Drift("net.ipv4.route", "ip route prepend blackhole 198.51.100.0/24 metric 5", "ip route", told=_ANOTHER),
    Drift("net.ipv4.routes", "ip route flush table main", "ip route show"),
    Drift("net.ipv6.route", "ip -6 route flush table main", "ip -6 route show 2001:db8:1::/48"),
    Drift("net.route", "ip route flush table 7", "ip route show table 7"),
    Drift("net.route", "ip route replace 203.0.113.0/24 dev va", "ip route", _TWO_WAYS, told=_ANOTHER),
    Drift("net.route", "ip route del 203.0.113.0/24", "ip route show 203.0.113.0/24", _TWO_WAYS),
    Drift("net.route", "ip route flush table local", "ip route show table local 203.0.113.0/24", _LOCAL),
    Drift("net.rule", "ip rule flush; ip rule add priority 32766 lookup main", "ip rule show priority 100"),
    Drift("net.rule", "ip rule del priority 9; ip rule add priority 9 dport 81 goto 100", _ALL_RULES, _WEB_RULE),
    Drift("net.neigh", "ip neigh flush all nud permanent", _NEIGHBOURS),
    Drift("net.neigh", "ip neigh change 192.0.2.9 dev va lladdr 02:00:00:00:0a:09 nud stale", _NEIGHBOURS),
    Drift("net.sysctl", "sysctl -qw net.ipv4.conf.va.forwarding=0", _SETTING.format("forwarding")),
    # Writing all.forwarding sets that of each link, and only RTM_NEWNETCONF says so.
    Drift(
        "net.sysctl", "sysctl -qw net.ipv4.conf.all.forwarding=1; sysctl -qw net.ipv4.conf.all.forwarding=0",
        _SETTING.format("forwarding"),
    ),
    Drift(
        "net.sysctl", "sysctl -qw net.ipv4.conf.va.send_redirects=0", _SETTING.format("send_redirects"),
        'net.sysctl("net.ipv4.conf.va.send_redirects", "2");',
    ),
    Drift("net.bridge", "ip link set vz type bridge ageing_time 700 priority 8192", _LINK.format("vz"), _BRIDGE),
    Drift("net.bridge", "ip link set vz type bridge ageing_time 700", _LINK.format("vz"), _BRIDGE + 'net.up("vz");'),
    Drift("net.bridge.port", "ip link set va nomaster", _LINK.format("va"), _PORT),
    Drift("net.bridge.port", "ip link set va type bridge_slave cost 8 priority 10", _LINK.format("va"), _PORT),
    Drift("net.bridge.port", "ip link set va type bridge_slave hairpin off", _LINK.format("va"), _PORT),
    Drift("net.bridge.port", "bridge link set dev va cost 8", _LINK.format("va"), _PORT),
    Drift("net.bridge.port", "ip link set va type bridge_slave cost 8", _LINK.format("va"), _UP + _PORT),
    Drift("net.veth", "ip link del vy", "ip -br link show | sed 's/ .*//'"),
    Drift("net.vxlan", "ip link set vz type vxlan ttl 5", _LINK.format("vz"), _VXLAN),
    Drift("net.macvlan", "ip link set vz type macvlan mode bridge", "ip -d link show vz | grep -o vepa"),
    *(Drift(name, "ip link del vz", "ip -br link show | sed 's/ .*//'") for name in _DELETED),
    Drift("net.macsec", "ip link set vz type macsec encrypt off", _LINK.format("vz")),
    Drift("net.macsec.tx_key", "ip macsec set vz tx sa 0 off; ip macsec del vz tx sa 0", MACSEC),
    Drift("net.macsec.tx_key", "ip macsec set vz tx sa 0 off", MACSEC),
    Drift("net.macsec.rx_key", f"ip macsec set {_HEARD} sa 1 off; ip macsec del {_HEARD} sa 1", MACSEC),
    Drift("net.macsec.rx_key", f"ip macsec set {_HEARD} off", MACSEC),
    Drift("net.macsec.rx_key", f"ip macsec del {_HEARD}", MACSEC),
    Drift("net.geneve", "ip link set vz type geneve id 42 remote 192.0.2.2 ttl 5", _LINK.format("vz"), _GENEVE),
    Drift("net.gre", "ip link set vz type gre ttl 5", _LINK.format("vz"), _TTL.format("gre", "192.0.2.")),
    Drift("net.ipip", "ip link set vz type ipip ttl 5", _LINK.format("vz"), _TTL.format("ipip", "192.0.2.")),
    Drift("net.sit", "ip link set vz type sit ttl 5", _LINK.format("vz"), _TTL.format("sit", "192.0.2.")),
    Drift("net.ip6tnl", "ip link set vz type ip6tnl ttl 5", _LINK.format("vz"), _TTL.format("ip6tnl", "2001:db8::")),
    Drift("net.ipvlan", "ip link set vz type ipvlan mode l2", _LINK.format("vz")),
    Drift("net.vlan", "ip link set vz type vlan egress-qos-map 0:2", _LINK.format("vz"), _QOS),
    Drift("net.bridge.fdb", "bridge fdb del 02:00:00:00:0a:09 dev va master", "bridge fdb show | grep 0a:09"),
    Drift("net.bridge.vlan", "bridge vlan del dev va vid 11", _VLANS),
    Drift("net.bridge.vlan", "bridge vlan add dev va vid 10", _VLANS),
    Drift("net.dummy", "ip link del vz", "ip -br link show | sed 's/ .*//'"),
    Drift("net.vlan", "ip link set vz type vlan gvrp off", _LINK.format("vz"), _VLAN),
    Drift("net.bond", "ip link set vz type bond miimon 50", _LINK.format("vz"), _BOND),
    Drift("net.bond.port", "ip link set va nomaster", "ip -o link show va | grep -o 'master vz'"),
    Drift("net.vrf", "ip link del vz", "ip -br link show | sed 's/ .*//'"),
    Drift("net.vrf.port", "ip link set va nomaster", "ip -o link show va | grep -o 'master vz'"),
    Drift("net.tun", "ip link del vz", "ip -br link show | sed 's/ .*//'"),
]  # fmt: skip
