"""Every statement that holds something in the kernel, one row each; test_every_statement.py asks three things of each.

A host has the link `va`, down, whose other end is up.  `LOOK` stands for what the host holds as text: its links,
addresses, routes and rules; a command is given where that does not show it.
"""

from typing import NamedTuple

KERNEL = ""  # testing/kernel_text.py
SHARED = ""  # what is there before is used, and stays
DEVICE = "link del va"
NEW_DEVICE = ("link add va type veth peer name vx", "link set vx up")


class Row(NamedTuple):
    """One statement.

    Shapes: `program` is the statement, with `above` the ones it needs written before it; `look` is a line of shell;
    `up` is what is to be seen only while it is up, `gone` only while it is not.  `twin` makes the same thing by hand
    beforehand: then it is `meets`, SHARED or what the refusal says.  `taken` is what takes it away, `back` what lets
    it come up again ("" if nothing has to).
    """

    name: str
    program: str
    up: tuple[str, ...]
    twin: str
    taken: str
    gone: tuple[str, ...] = ()
    above: str = ""
    look: str = KERNEL
    meets: str = SHARED
    back: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()
    needs: str = ""  # a kind of link that not every kernel has
    second: bool = False  # beside a twin there are two of it


def _xtables(tool: str, address: str, rule: str) -> list[Row]:
    """Return the rows of one packet filter program."""
    look = f"{tool}-save -t filter | grep -v '^[#*C]' | sed 's/ \\[.*//'"
    words = ", ".join(f'"{word}"' for word in rule.split())
    chain = f'net.{tool}.newchain("filter", "MINE");'
    user_chain = ":EBC ACCEPT" if tool == "ebtables" else ":MINE -"
    user_chain = user_chain.replace("EBC", "MINE")
    ready = (f"{tool} -t filter -L >/dev/null",)
    return [
        Row(
            f"net.{tool}.newchain", chain, (user_chain,), f"{tool} -N MINE", f"{tool} -X MINE", look=look, ready=ready,
            meets="already exists",
        ),
        Row(
            f"net.{tool}.append", f'net.{tool}.append("filter", "INPUT", {words});', (f"-A INPUT {address}",),
            f"{tool} -A INPUT {rule}", f"{tool} -F INPUT", look=look, ready=ready, second=True,
        ),
        Row(
            f"net.{tool}.insert", f'net.{tool}.insert("filter", "INPUT", {words});', (f"-A INPUT {address}",),
            f"{tool} -A INPUT {rule}", f"{tool} -F INPUT", look=look, ready=ready, second=True,
        ),
        Row(
            f"net.{tool}.policy", f'net.{tool}.policy("filter", "FORWARD", "DROP", "ACCEPT");', (":FORWARD DROP",),
            "true", f"{tool} -P FORWARD ACCEPT", gone=(":FORWARD ACCEPT",), look=look, ready=ready,
        ),
    ]  # fmt: skip


def _tunnel(kind: str, mtu: int, mode: str = "") -> Row:
    """Return the row of one kind of tunnels."""
    ends = ("2001:db8::1", "2001:db8::2") if "6" in kind else ("192.0.2.1", "192.0.2.2")
    return Row(
        f"net.{kind}",
        f'net.{kind}("vz", ["local": "{ends[0]}", "remote": "{ends[1]}"]);',
        (f"link vz down mtu {mtu}",),
        f"ip link add vz type {kind} local {ends[0]} remote {ends[1]} {mode}",
        "link del vz",
        needs=kind,
    )


_ADDRESS_OF_VA = "ip -o link show dev va 2>/dev/null | grep -o 'ether 02:00:00:00:0a:77' || true"
_UP = 'net.up("va");'
_IN_BRIDGE = 'net.bridge.port("vz", "va");'
_VLAN_BRIDGE = "ip link add vz type bridge vlan_filtering 1 vlan_default_pvid 0"
VLANS = (
    "bridge vlan show | sed 's/va */va /; s/^  */va /; s/ *$//; s/Egress Untagged/untagged/' | grep '^va [0-9]' || true"
)
_A_KEY, _ID = "000102030405060708090a0b0c0d0e0f", "01" + 30 * "0"
MACSEC = "ip macsec show | sed 's/^ *//; s/PN [0-9]*, //' | grep -E '^(RXSC|[0-3]:)' || true"
_NEW_MACSEC = (*NEW_DEVICE, "link add vz link va type macsec")
_RULESET = "nft list ruleset | sed 's/^[ \\t]*//' | grep -vxE '}?' || true"
_TABLE = ("nft add table ip t; nft add chain ip t c; nft add set ip t s '{ type mark; }'",)
ROWS = [
    Row("net.up", _UP, ("link va up carrier",), "ip link set va up", DEVICE, ("link va down",), back=NEW_DEVICE),
    Row(
        "net.down", 'net.down("va");', ("link va down",), "ip link set va down", "link set va up",
        ("link va up carrier",), ready=("ip link set va up",),
    ),
    Row(
        "net.mtu", 'net.mtu("va", "1400");', ("link va down mtu 1400",), "ip link set va mtu 1400", DEVICE,
        ("link va down",), back=NEW_DEVICE,
    ),
    Row(
        "net.mac", 'net.mac("va", "02:00:00:00:0a:77");', ("ether 02:00:00:00:0a:77",),
        "ip link set va address 02:00:00:00:0a:77", DEVICE, back=NEW_DEVICE, look=_ADDRESS_OF_VA,
    ),
    Row(
        "net.link.set", 'net.link.set("va", ["alias": "uplink", "txqueuelen": "500"]);', ("qlen 500", "alias uplink"),
        "ip link set va alias uplink txqueuelen 500", DEVICE, ("qlen 1000",), back=NEW_DEVICE,
        look="ip -o link show dev va 2>/dev/null | grep -oE 'qlen [0-9]+|alias .*' || true",
    ),
    Row(
        "net.ethtool", 'net.ethtool("va", ["rx-gro": "on"]);', ("generic-receive-offload: on",), "ethtool -K va gro on",
        DEVICE, ("generic-receive-offload: off",), back=NEW_DEVICE,
        look="ethtool -k va 2>/dev/null | grep generic-receive-offload || true",
    ),
    Row(
        "net.shape", 'net.shape("va", ["up": "20mbit", "qdisc": "tbf"]);', ("tbf 20Mbit",),
        "tc qdisc add dev va root tbf rate 20mbit burst 32k latency 50ms", DEVICE, back=NEW_DEVICE,
        look="tc qdisc show dev va 2>/dev/null | sed -n 's/^qdisc tbf .* rate \\([^ ]*\\) .*/tbf \\1/p'",
    ),
    Row(
        "net.rename", 'net.rename("va", "wan");', ("link wan down",), "ip link set va name wan", "link del wan",
        ("link va down",), back=NEW_DEVICE, meets="there is no link va",
    ),
    Row(
        "net.ipv4.addr", 'net.ipv4.addr("va", "192.0.2.1/24");', ("addr 192.0.2.1/24 dev va",),
        "ip addr add 192.0.2.1/24 dev va", DEVICE, above=_UP, back=NEW_DEVICE,
    ),
    Row(
        "net.addr", 'net.addr("va", "192.0.2.1/24", ["metric": "7", "label": "va:lan"]);',
        ("addr 192.0.2.1/24 dev va",), "ip addr add 192.0.2.1/24 dev va metric 7 label va:lan", DEVICE, above=_UP,
        back=NEW_DEVICE,
    ),
    Row(
        "net.ipv6.addr", 'net.ipv6.addr("va", "2001:db8::5/64");', ("addr 2001:db8::5/64 dev va",),
        "ip addr add 2001:db8::5/64 dev va", DEVICE, above=_UP, back=NEW_DEVICE, ready=("ip link set va up",),
    ),
    Row(
        "net.ipv4.route", 'net.ipv4.route("198.51.100.0/24", "none", "5", "va");',
        ("route 198.51.100.0/24 dev va metric 5",), "ip route add 198.51.100.0/24 dev va metric 5 proto 110", DEVICE,
        above=_UP, back=NEW_DEVICE, ready=("ip link set va up",),
    ),
    Row(
        "net.ipv4.routes", 'net.ipv4.routes("va", {{"198.51.100.0/24", "none"}}, "5");',
        ("route 198.51.100.0/24 dev va metric 5",), "ip route add 198.51.100.0/24 dev va metric 5 proto 110", DEVICE,
        above=_UP, back=NEW_DEVICE, ready=("ip link set va up",),
    ),
    Row(
        "net.ipv6.route", 'net.ipv6.route("2001:db8:1::/48", "none", "5", "va");',
        ("route 2001:db8:1::/48 dev va metric 5",), "ip route add 2001:db8:1::/48 dev va metric 5 proto 110", DEVICE,
        above=_UP, back=NEW_DEVICE, ready=("ip link set va up",),
    ),
    Row(
        "net.route", 'net.route("203.0.113.0/24", ["dev": "va", "table": "7"]);',
        ("route 203.0.113.0/24 dev va table 7",),
        "ip route add 203.0.113.0/24 dev va table 7 proto 110", DEVICE, above=_UP, back=NEW_DEVICE,
        ready=("ip link set va up",),
    ),
    Row(
        "net.rule", 'net.rule(["priority": "100", "from": "192.0.2.0/24", "table": "7"]);',
        ("rule 100 from 192.0.2.0/24 lookup 7",), "ip rule add priority 100 from 192.0.2.0/24 lookup 7 proto 110",
        "rule del priority 100",
    ),
    Row(
        "net.neigh", 'net.neigh("va", "192.0.2.9", "02:00:00:00:0a:09");',
        ("192.0.2.9 dev va lladdr 02:00:00:00:0a:09 PERMANENT",),
        "ip neigh add 192.0.2.9 dev va lladdr 02:00:00:00:0a:09 nud permanent", DEVICE, above=_UP, back=NEW_DEVICE,
        look="ip neigh show nud permanent | sed 's/ proto 110//; s/ *$//'", ready=("ip link set va up",),
    ),
    Row(
        "net.sysctl", 'net.sysctl("net.ipv4.conf.va.forwarding", "1");', ("1",),
        "sysctl -qw net.ipv4.conf.va.forwarding=1", DEVICE, ("0",), back=NEW_DEVICE,
        look="cat /proc/sys/net/ipv4/conf/va/forwarding 2>/dev/null || true",
    ),
    Row("net.bridge", 'net.bridge("vz");', ("link vz down",), "ip link add vz type bridge", "link del vz"),
    Row(
        "net.bridge.port", 'net.bridge.port("vz", "va");', ("link va down master vz",), "ip link set va master vz",
        DEVICE, ("link va down",), back=NEW_DEVICE, ready=("ip link add vz type bridge",),
    ),
    Row(
        "net.veth", 'net.veth("vz", "vy");', ("link vz down", "link vy down"), "ip link add vz type veth peer name vy",
        "link del vy",
    ),
    Row(
        "net.vxlan", 'net.vxlan("vz", ["id": "42", "remote": "192.0.2.2", "dstport": "4789"]);', ("link vz down",),
        "ip link add vz type vxlan id 42 remote 192.0.2.2 dstport 4789", "link del vz",
    ),
    Row(
        "net.macvlan", 'net.macvlan("va", "vz");', ("link vz down",), "ip link add vz link va type macvlan mode vepa",
        DEVICE, back=NEW_DEVICE, needs="macvlan",
    ),
    Row("net.dummy", 'net.dummy("vz");', ("link vz down",), "ip link add vz type dummy", "link del vz", needs="dummy"),
    Row(
        "net.vlan", 'net.vlan("va", "7", "vz");', ("link vz down",), "ip link add vz link va type vlan id 7", DEVICE,
        back=NEW_DEVICE, needs="vlan",
    ),
    Row(
        "net.bond", 'net.bond("vz", ["mode": "active-backup"]);', ("link vz down",),
        "ip link add vz type bond mode active-backup", "link del vz", needs="bond",
    ),
    Row(
        "net.bond.port", 'net.bond.port("vz", "va");', ("link va up carrier master vz",), "ip link set va master vz",
        DEVICE, ("link va down",), back=NEW_DEVICE, ready=("ip link add vz type bond mode active-backup",),
        needs="bond",
    ),
    Row(
        "net.vrf", 'net.vrf("vz", "100");', ("link vz down mtu 65575",), "ip link add vz type vrf table 100",
        "link del vz", needs="vrf",
    ),
    Row(
        "net.vrf.port", 'net.vrf.port("vz", "va");', ("link va down master vz",), "ip link set va master vz", DEVICE,
        ("link va down",), back=NEW_DEVICE, ready=("ip link add vz type vrf table 100",), needs="vrf",
    ),
    _tunnel("gre", 1476),
    _tunnel("gretap", 1462),
    _tunnel("ip6gre", 1448),
    _tunnel("ip6gretap", 1434),
    _tunnel("ipip", 1480, "mode ipip"),
    _tunnel("sit", 1480, "mode ip6ip"),
    _tunnel("ip6tnl", 1452, "mode ip6ip6"),
    _tunnel("vti", 1480),
    _tunnel("vti6", 1332),
    Row(
        "net.geneve", 'net.geneve("vz", ["id": "42", "remote": "192.0.2.2"]);', ("link vz down",),
        "ip link add vz type geneve id 42 remote 192.0.2.2", "link del vz", needs="geneve",
    ),
    Row(
        # iproute2 6.1 has no words for its other end, which the kernel calls nk0.
        "net.netkit", 'net.netkit("vz", "vy");', ("link vz down", "link vy down"),
        "ip link add vz type netkit; ip link set nk0 name vy", "link del vy", needs="netkit",
    ),
    Row(
        "net.ipvlan", 'net.ipvlan("va", "vz");', ("link vz down",), "ip link add vz link va type ipvlan mode l3 bridge",
        DEVICE, back=NEW_DEVICE, needs="ipvlan",
    ),
    Row(
        "net.xfrm", 'net.xfrm("vz", ["if_id": "7"]);', ("link vz down",), "ip link add vz type xfrm if_id 7",
        "link del vz", needs="xfrm",
    ),
    Row(
        "net.macsec", 'net.macsec("va", "vz", ["encrypt": "on"]);', ("link vz down mtu 1468",),
        "ip link add vz link va type macsec encrypt on", DEVICE, back=NEW_DEVICE, needs="macsec",
    ),
    Row(
        "net.macsec.tx_key", f'net.macsec.tx_key("vz", "0", "{_A_KEY}", ["id": "01"]);', (f"0: state on, key {_ID}",),
        f"ip macsec add vz tx sa 0 pn 1 on key 01 {_A_KEY}", DEVICE, back=_NEW_MACSEC, look=MACSEC,
        ready=(f"ip {_NEW_MACSEC[-1]}",), needs="macsec",
    ),
    Row(
        "net.macsec.rx_key", f'net.macsec.rx_key("vz", "02:00:00:00:0b:01", "1", "{_A_KEY}", ["id": "01"]);',
        ("RXSC: 020000000b010001, state on", f"1: state on, key {_ID}"),
        f"ip macsec add vz rx port 1 address 02:00:00:00:0b:01 on;"
        f" ip macsec add vz rx port 1 address 02:00:00:00:0b:01 sa 1 pn 1 on key 01 {_A_KEY}",
        DEVICE, back=_NEW_MACSEC, look=MACSEC, ready=(f"ip {_NEW_MACSEC[-1]}",), needs="macsec",
    ),
    Row(
        "net.bridge.fdb", 'net.bridge.fdb("va", "02:00:00:00:0a:09");', ("02:00:00:00:0a:09 dev va master vz static",),
        "bridge fdb add 02:00:00:00:0a:09 dev va master static", DEVICE, back=NEW_DEVICE, above=_IN_BRIDGE,
        look="bridge fdb show | grep 02:00:00:00:0a:09 | sed 's/ *$//' || true",
        ready=("ip link add vz type bridge", "ip link set va master vz"),
    ),
    Row(
        "net.bridge.vlan", 'net.bridge.vlan("va", "10-11", ["untagged": "on"]);', ("va 10 untagged", "va 11 untagged"),
        "bridge vlan add dev va vid 10-11 untagged", DEVICE, back=NEW_DEVICE, above=_IN_BRIDGE,
        look=VLANS, ready=(_VLAN_BRIDGE, "ip link set va master vz"),
        needs="VLAN-filtering bridge",
    ),
    Row("net.tun", 'net.tun("vz", "tun");', ("link vz down",), "ip tuntap add vz mode tun", "link del vz", needs="tun"),
    *_xtables("iptables", "-s 192.0.2.9/32 -j DROP", "-s 192.0.2.9 -j DROP"),
    *_xtables("ip6tables", "-s 2001:db8::9/128 -j DROP", "-s 2001:db8::9 -j DROP"),
    *_xtables("ebtables", "-p ARP -j DROP", "-p ARP -j DROP"),
    Row(
        "net.nft.table", 'net.nft.table("ip", "t");', ("table ip t {",), "nft add table ip t", "nft delete table ip t",
        look=_RULESET, meets="File exists",
    ),
    Row(
        "net.nft.chain", 'net.nft.chain("ip", "t", "mine");', ("chain mine {",), "nft add chain ip t mine",
        "nft delete chain ip t mine", look=_RULESET, meets="File exists", ready=_TABLE,
    ),
    Row(
        "net.nft.set", 'net.nft.set("ip", "t", "mine", ["type": "ipv4_addr"]);', ("set mine {", "type ipv4_addr"),
        "nft add set ip t mine '{ type ipv4_addr; }'", "nft delete set ip t mine", look=_RULESET, meets="File exists",
        ready=_TABLE,
    ),
    Row(
        "net.nft.rule", 'net.nft.rule("ip", "t", "c", "tcp dport 22 accept");', ("tcp dport 22 accept",),
        "nft add rule ip t c tcp dport 22 accept", "nft flush chain ip t c", look=_RULESET, ready=_TABLE, second=True,
    ),
    Row(
        "net.nft.insert", 'net.nft.insert("ip", "t", "c", "tcp dport 22 accept", "last");', ("tcp dport 22 accept",),
        "nft add rule ip t c tcp dport 22 accept", "nft flush chain ip t c; nft add rule ip t c drop comment last",
        look=_RULESET, ready=(*_TABLE, "nft add rule ip t c drop comment last"), second=True,
    ),
    Row(
        "net.nft.map", 'net.nft.map("ip", "t", "m", ["type": "ipv4_addr : mark"]);',
        ("map m {", "type ipv4_addr : mark"), "nft add map ip t m '{ type ipv4_addr : mark; }'",
        "nft delete map ip t m", look=_RULESET, meets="File exists", ready=_TABLE,
    ),
    Row(
        "net.nft.flowtable",
        'net.nft.flowtable("ip", "t", "f", ["devices": {"va"}, "priority": "filter", "counter": "on"]);',
        ("flowtable f {", "hook ingress priority filter", "devices = { va }", "counter"),
        "nft add flowtable ip t f '{ hook ingress priority filter; devices = { va }; counter; }'",
        "nft delete flowtable ip t f",
        look=_RULESET, meets="File exists", ready=_TABLE, needs="flowtable",
    ),
    Row(
        "net.nft.element", 'net.nft.element("ip", "t", "s", "7");', ("elements = { 0x00000007 }",),
        "nft add element ip t s '{ 7 }'", "nft delete element ip t s '{ 7 }'", look=_RULESET, meets="File exists",
        ready=_TABLE,
    ),
]  # fmt: skip

# Statements that hold something that is not in the kernel alone, and where the same three things are asked of them.
ELSEWHERE = {
    "net.backend.badvpn": "tests/kernel/backends/test_badvpn.py",
    "net.dns": "tests/kernel/dns/test_mounts.py",
    "net.dns.resolvconf": "tests/system/dns/test_resolver_file.py",
    "net.dnsmasq": "tests/kernel/servers/test_dnsmasq.py",
    "net.ipv6.advertise": "tests/kernel/ndp/test_advertising.py",
}
