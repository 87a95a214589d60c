"""What can be in the way of a statement, or lack, and how that ends: a table, by kind and how it is brought about.

Each was seen to fail as the table says on Linux 6.18, with iproute2 6.1 and nft 1.0.6.
"""

from typing import NamedTuple

LINK = "ip link add d0 type veth peer name e0; ip link set d0 up; ip link set e0 up; "
WITH_ADDRESS = LINK + "ip addr add 192.0.2.1/24 dev d0; "
WITH_ADDRESS6 = LINK + "ip addr add 2001:db8::1/64 dev d0 nodad; "
TWO_BRIDGES = LINK + "ip link add br0 type bridge; ip link add br1 type bridge; "
TWO_BONDS = "ip link add d0 type veth peer name e0; ip link add bond0 type bond; ip link add bond1 type bond; "
LISTENS53 = (
    "import signal, socket, sys; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('192.0.2.1', 53)); print('ready');"
    "signal.pause()"
)
LISTENS = "import signal, socket, sys; s = socket.create_server(('127.0.0.1', 5555)); print('ready'); signal.pause()"


class Way(NamedTuple):
    """What is in the way, or lacks."""

    before: str  # what is done first, as a shell says it
    statements: str  # what is to come up then
    reason: str  # why it does not, in the log
    frees: str  # what ends that
    runs: str = ""  # a Python program that is in the way as long as it runs


ROUTE = 'net.ipv4.route("198.51.100.0/24", "192.0.2.3", "5", "d0");'
DEFAULT = 'net.route("0.0.0.0/0", ["via": "192.0.2.3", "dev": "d0", "metric": "20"]);'
ROUTE6 = 'net.ipv6.route("2001:db8:5::/48", "2001:db8::3", "5", "d0");'
IN_TABLE = 'net.route("198.51.100.0/24", ["via": "192.0.2.3", "dev": "d0", "table": "7"]);'
SERVER = 'sys.request_server({"tcp", {"ipv4", "%s", "5555"}}, "handler", {});'

WAYS = {
    "route": Way(
        f"{WITH_ADDRESS} ip route add 198.51.100.0/24 via 192.0.2.2 metric 5",
        ROUTE,
        "another route is there",
        "ip route del 198.51.100.0/24",
    ),
    "default route of another metric's neighbour": Way(
        f"{WITH_ADDRESS} ip route add default via 192.0.2.2 metric 20; ip route add default via 192.0.2.2 metric 30",
        DEFAULT,
        "another route is there",
        "ip route del default metric 20",
    ),
    "route in a table": Way(
        f"{WITH_ADDRESS} ip route add 198.51.100.0/24 via 192.0.2.2 table 7",
        IN_TABLE,
        "another route is there",
        "ip route flush table 7",
    ),
    "route that becomes what is wanted": Way(
        f"{WITH_ADDRESS} ip route add 198.51.100.0/24 via 192.0.2.2 metric 5",
        ROUTE,
        "another route is there",
        "ip route replace 198.51.100.0/24 via 192.0.2.3 metric 5",
    ),
    "route6 of another kind": Way(
        f"{WITH_ADDRESS6} ip route add blackhole 2001:db8:5::/48 metric 5",
        'net.route("2001:db8:5::/48", ["type": "unreachable", "metric": "5"]);',
        "another route is there",
        "ip route del blackhole 2001:db8:5::/48",
    ),
    "route whose link loses its last address": Way(
        f"{WITH_ADDRESS} ip link add d1 type bridge; ip link set d1 up; ip addr add 203.0.113.1/24 dev d1;"
        "ip route add 198.51.100.0/24 via 203.0.113.2 metric 5",
        ROUTE,
        "another route is there",
        "ip addr del 203.0.113.1/24 dev d1",
    ),
    "route whose link goes down": Way(
        f"{WITH_ADDRESS} ip link add d1 type bridge; ip link set d1 up; ip addr add 203.0.113.1/24 dev d1;"
        "ip route add 198.51.100.0/24 via 203.0.113.2 metric 5",
        ROUTE,
        "another route is there",
        "ip link set d1 down",
    ),
    "gateway without address": Way(LINK, ROUTE, "invalid gateway", "ip addr add 192.0.2.1/24 dev d0"),
    "gateway without route": Way(LINK, ROUTE, "invalid gateway", "ip route add 192.0.2.3/32 dev d0"),
    "gateway without wider route": Way(LINK, ROUTE, "invalid gateway", "ip route add 192.0.0.0/16 dev d0"),
    "gateway on no link": Way(
        LINK,
        'net.route("198.51.100.0/24", ["via": "192.0.2.3"]);',
        "Network is unreachable",
        "ip addr add 192.0.2.1/24 dev d0",
    ),
    "gateway6 without route": Way(LINK, ROUTE6, "there is no way to the gateway", "ip route add 2001:db8::/64 dev d0"),
    "gateway whose link is down": Way(
        "ip link add d0 type bridge; ip addr add 192.0.2.1/24 dev d0", ROUTE, "down", "ip link set d0 up"
    ),
    "source address": Way(
        WITH_ADDRESS,
        'net.route("198.51.100.0/24", ["via": "192.0.2.3", "dev": "d0", "src": "203.0.113.7"]);',
        "Invalid prefsrc address",
        "ip addr add 203.0.113.7/32 dev lo",
    ),
    "rule": Way(
        "ip rule add pref 100 from 192.0.2.0/24 table 7 proto 110",
        'net.rule(["priority": "100", "table": "7"]);',
        "File exists",
        "ip rule del pref 100",
    ),
    "rule6": Way(
        "ip -6 rule add pref 100 from 2001:db8::/32 table 7 proto 110",
        'net.rule(["priority": "100", "table": "7", "family": "inet6"]);',
        "File exists",
        "ip -6 rule flush",
    ),
    "address6 of another length": Way(
        WITH_ADDRESS6,
        'net.ipv6.addr("d0", "2001:db8::1/48", ["wait": "off"]);',
        "2001:db8::1/64 is there already",
        "ip addr del 2001:db8::1/64 dev d0",
    ),
    "address with a peer": Way(
        f"{LINK} ip addr add 192.0.2.1 peer 192.0.2.9/24 dev d0",
        'net.ipv4.addr("d0", "192.0.2.1/24");',
        "with peer 192.0.2.9/24 is there already",
        "ip addr flush dev d0",
    ),
    "address where IPv6 is off": Way(
        f"{LINK} sysctl -qw net.ipv6.conf.d0.disable_ipv6=1",
        'net.ipv6.addr("d0", "2001:db8::1/64", ["wait": "off"]);',
        "net.ipv6.conf.d0.disable_ipv6 is 1",
        "sysctl -qw net.ipv6.conf.d0.disable_ipv6=0",
    ),
    "address where IPv6 is off and nothing is plugged in": Way(
        "ip link add d0 type bridge; sysctl -qw net.ipv6.conf.d0.disable_ipv6=1",
        'net.ipv6.addr("d0", "2001:db8::1/64", ["wait": "off"]);',
        "net.ipv6.conf.d0.disable_ipv6 is 1",
        "sysctl -qw net.ipv6.conf.d0.disable_ipv6=0",
    ),
    "address where IPv6 is off everywhere": Way(
        "ip link add d0 type bridge; sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
        'net.ipv6.addr("d0", "2001:db8::1/64", ["wait": "off"]);',
        "net.ipv6.conf.d0.disable_ipv6 is 1",
        "sysctl -qw net.ipv6.conf.all.disable_ipv6=0",
    ),
    "route6 where IPv6 is off": Way(
        f"{LINK} sysctl -qw net.ipv6.conf.d0.disable_ipv6=1",
        'net.route("2001:db8:5::/48", ["dev": "d0"]);',
        "IPv6 is disabled on nexthop device",
        "sysctl -qw net.ipv6.conf.d0.disable_ipv6=0",
    ),
    "neighbour": Way(
        f"{WITH_ADDRESS} ip neigh add 192.0.2.9 lladdr 02:00:00:00:0a:01 dev d0 nud permanent",
        'net.neigh("d0", "192.0.2.9", "02:00:00:00:0A:09");',
        "it is there at",
        "ip neigh del 192.0.2.9 dev d0",
    ),
    "name of a link that goes": Way(
        "ip link add x0 type bridge", 'net.veth("x0", "x9");', "a bridge link of that name is there", "ip link del x0"
    ),
    "name of a link that is renamed": Way(
        "ip link add x0 type bridge", 'net.veth("x0", "x9");', "a bridge link of that name", "ip link set x0 name x1"
    ),
    "name that is to be given": Way(
        f"{LINK} ip link add x0 type bridge", 'net.rename("d0", "x0");', "is taken", "ip link set x0 name x1"
    ),
    "name of a pair's other end": Way(
        "ip link add x1 type bridge", 'net.veth("x0", "x1");', "the name x1 is taken", "ip link del x1"
    ),
    "link of other options": Way(
        "ip link add x0 type vxlan id 7 dstport 4789",
        'net.vxlan("x0", ["id": "8", "dstport": "4789"]);',
        "with another id",
        "ip link del x0",
    ),
    "link that does this already": Way(
        "ip link add x1 type vxlan id 7 dstport 4789",
        'net.vxlan("x0", ["id": "7", "dstport": "4789"]);',
        "already exists",
        "ip link del x1",
    ),
    "link that is not there": Way("", 'net.up("x0");', "there is no link x0", "ip link add x0 type bridge"),
    "link that comes by a rename": Way(
        "ip link add x1 type bridge", 'net.up("x0");', "there is no link x0", "ip link set x1 name x0"
    ),
    "bridge's member": Way(
        f"{TWO_BRIDGES} ip link set d0 master br1",
        'net.bridge.port("br0", "d0");',
        "it is in br1",
        "ip link set d0 nomaster",
    ),
    "member of a bridge that goes": Way(
        f"{TWO_BRIDGES} ip link set d0 master br1", 'net.bridge.port("br0", "d0");', "it is in br1", "ip link del br1"
    ),
    "bond's member": Way(
        f"{TWO_BONDS} ip link set d0 master bond1",
        'net.bond.port("bond0", "d0");',
        "it is in bond1",
        "ip link set d0 nomaster; ip link set d0 down",
    ),
    "table": Way(
        "nft add table inet guard", 'net.nft.table("inet", "guard");', "File exists", "nft delete table inet guard"
    ),
    "chain": Way(
        "nft add table inet guard; nft add chain inet guard input",
        'net.nft.chain("inet", "guard", "input");',
        "File exists",
        "nft delete chain inet guard input",
    ),
    "set": Way(
        "nft add table inet guard; nft add set inet guard admins '{ type ipv4_addr; }'",
        'net.nft.set("inet", "guard", "admins", ["type": "ipv4_addr"]);',
        "File exists",
        "nft flush ruleset; nft add table inet guard",
    ),
    "element": Way(
        "nft add table inet guard; nft add set inet guard admins '{ type ipv4_addr; }';"
        "nft add element inet guard admins '{ 192.0.2.7 }'",
        'net.nft.element("inet", "guard", "admins", "192.0.2.7");',
        "File exists",
        "nft delete element inet guard admins '{ 192.0.2.7 }'",
    ),
    "chain for a rule": Way(
        "nft add table inet guard",
        'net.nft.rule("inet", "guard", "input", "accept");',
        "No such file",
        "nft add chain inet guard input",
    ),
    "table for a chain": Way(
        "", 'net.nft.chain("inet", "guard", "input");', "No such file", "nft add table inet guard"
    ),
    "chain of iptables": Way(
        "iptables -N guests", 'net.iptables.newchain("filter", "guests");', "already exists", "iptables -X guests"
    ),
    "chain for a rule of iptables": Way(
        "iptables -N others",
        'net.iptables.append("filter", "guests", "-j", "ACCEPT");',
        "No chain",
        "iptables -N guests",
    ),
    "port of dnsmasq": Way(
        WITH_ADDRESS,
        'net.dnsmasq("d0", ["range": {"192.0.2.10", "192.0.2.99"}, "servers": {"198.51.100.53"}]);',
        "Address already in use",
        "",
        LISTENS53,
    ),
    "port": Way("", SERVER % "127.0.0.1", "Address already in use", "", LISTENS),
    "address for a port": Way(
        LINK, SERVER % "192.0.2.1", "Cannot assign requested address", "ip addr add 192.0.2.1/24 dev d0"
    ),
    "folder for a socket": Way(
        "", 'sys.request_server({"unix", "/run/f/g/s"}, "handler", {});', "No such file", "mkdir -p /run/f/g"
    ),
    "file to be read": Way("", 'file_read("/run/f/g");', "No such file", "mkdir /run/f; echo 1 > /run/f/g"),
    "folder for a file": Way("", 'file.write("/run/f/g", "1");', "No such file", "mkdir /run/f"),
    "folder where a file is to be": Way(
        "mkdir -p /run/f/g", 'file.write("/run/f/g", "1");', "is a directory", "rmdir /run/f/g"
    ),
    "file where a folder is to be": Way("touch /run/f", 'file.mkdir("/run/f");', "File exists", "rm /run/f"),
    "file where a link is to be": Way(
        "touch /run/f", 'file.link("/run/x", "/run/f");', "File exists", "mv /run/f /run/g"
    ),
    "program": Way(
        "", 'run({"/run/tools/hello"}, {});', "could not be executed", "mkdir /run/tools; cp /bin/true /run/tools/hello"
    ),
}
