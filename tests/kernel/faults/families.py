"""The families of statements, each with a process that holds some of them beside the same sort of thing of others.

All are on one host, and each has links of its own, so that what befalls one family is no news to another.
"""

from typing import NamedTuple

NETWORK = ("links", "ports", "settings", "addresses", "routes", "rules", "neighbours")  # which ask rtnetlink
WITH_TOOLS = ("nftables", "iptables", "children")
WITH_FILES = ("files", "resolver", "children")


class Family(NamedTuple):
    """One family.

    Shapes: `statements` are names, or what their names begin with; `program` is what the process is made of; `up` are
    lines of `LOOK` that are there only while it is up, `gone` only while it is not; `ready` is what is there before, of
    others, as lines of shell; `taken` takes something of it away.
    """

    statements: tuple[str, ...]
    program: str
    up: tuple[str, ...]
    ready: str = "true"
    gone: tuple[str, ...] = ()
    taken: str = ""


def _veth(*names: str) -> str:
    return "; ".join(f"ip link add {name} type veth peer name {name}-end; ip link set {name}-end up" for name in names)


FAMILIES = {
    "links": Family(
        ("net.bridge", "net.veth", "net.vxlan", "net.macvlan", "net.dummy", "net.vlan", "net.bond", "net.vrf",
         "net.tun", "net.gre", "net.gretap", "net.ip6gre", "net.ip6gretap", "net.ipip", "net.sit", "net.ip6tnl",
         "net.ipvlan", "net.xfrm", "net.macsec", "net.geneve", "net.vti", "net.vti6", "net.netkit",
         "vpn.wireguard", "vpn.wireguard.peer"),
        'net.bridge("our-bridge"); net.veth("our-a", "our-b");',
        ("link our-bridge down", "link our-a down", "link our-b down"),
        "ip link add their-bridge type bridge",
        taken="ip link del our-a",
    ),
    "ports": Family(
        ("net.bridge.port", "net.bridge.vlan", "net.bridge.fdb", "net.bond.port", "net.vrf.port",
         "net.macsec.rx_key", "net.macsec.tx_key"),
        'net.bridge.port("their-ports", "port", ["cost": "7"]);',
        ("link port down master their-ports",),
        f"ip link add their-ports type bridge; {_veth('port')}",
        ("link port down",),
        "ip link set port nomaster",
    ),
    "settings": Family(
        ("net.up", "net.down", "net.mtu", "net.mac", "net.link.set", "net.ethtool", "net.shape", "net.rename"),
        'net.link.set("set", ["alias": "ours", "txqueuelen": "500"]); net.mtu("set", "1400"); net.up("set");',
        ("link set up carrier mtu 1400", "set: qlen 500", "set: alias ours"),
        f"{_veth('set')}",
        ("link set down", "link set-end up no-carrier", "set: qlen 1000", "set: alias theirs"),
        "ip link set set down",
    ),
    "addresses": Family(
        ("net.addr", "net.ipv4.addr", "net.ipv6.addr"),
        'net.ipv4.addr("adr", "192.0.2.1/24"); net.ipv6.addr("adr", "2001:db8::5/64"); '
        'net.addr("adr", "198.51.100.1/24", ["metric": "7", "valid_lft": "9000"]);',
        ("addr 192.0.2.1/24 dev adr", "addr 198.51.100.1/24 dev adr", "addr 2001:db8::5/64 dev adr"),
        f"{_veth('adr')}; ip link set adr up; ip addr add 192.0.2.9/32 dev adr",
        taken="ip addr del 192.0.2.1/24 dev adr",
    ),
    "routes": Family(
        ("net.ipv4.route", "net.ipv4.routes", "net.ipv6.route", "net.ipv6.prefix", "net.route"),
        'net.ipv4.route("198.51.100.0/24", "none", "5", "rt"); net.ipv6.route("2001:db8:1::/48", "none", "5", "rt"); '
        'net.ipv6.prefix("2001:db8:2::/48", "rt", ["subnet": "1"]);',
        ("route 198.51.100.0/24 dev rt metric 5", "route 2001:db8:1::/48 dev rt metric 5",
         "route unreachable 2001:db8:2::/48 dev lo metric 2147483647"),
        f"{_veth('rt')}; ip link set rt up; ip route add 198.51.100.0/24 dev rt metric 6",
        taken="ip route del 198.51.100.0/24 dev rt metric 5",
    ),
    "uplinks": Family(
        ("net.gateway", "net.portal", "net.probe"),
        'net.gateway("upl", "203.0.113.1"); net.gateway("upl", "203.0.113.3", ["preference": "7"]);',
        ("route default via 203.0.113.3 dev upl",),
        f"{_veth('upl')}; ip link set upl up; ip addr add 203.0.113.2/24 dev upl",
        taken="ip route del default via 203.0.113.3 dev upl metric 0",
    ),
    "rules": Family(
        ("net.rule",),
        'net.rule(["priority": "100", "from": "192.0.2.0/24", "table": "7"]);',
        ("rule 100 from 192.0.2.0/24 lookup 7",),
        "ip rule add priority 101 from 192.0.2.0/24 lookup 7",
        taken="ip rule del priority 100",
    ),
    "neighbours": Family(
        ("net.neigh",),
        'net.neigh("ngh", "192.0.2.33", "02:00:00:00:0a:09");',
        ("192.0.2.33 dev ngh lladdr 02:00:00:00:0a:09 PERMANENT",),
        f"{_veth('ngh')}; ip link set ngh up; ip neigh add 192.0.2.34 dev ngh lladdr 02:00:00:00:0a:0a nud permanent",
        taken="ip neigh del 192.0.2.33 dev ngh",
    ),
    "sysctls": Family(
        ("net.sysctl",),
        'net.sysctl("net.ipv4.conf.sys.forwarding", "1"); net.sysctl("net.ipv4.conf.sys.log_martians", "1");',
        ("forwarding 1", "log_martians 1"),
        _veth("sys"),
        ("forwarding 0", "log_martians 0"),
        "sysctl -qw net.ipv4.conf.sys.log_martians=0",
    ),
    "nftables": Family(
        ("net.nft.",),
        """net.nft.table("inet", "ours"); net.nft.set("inet", "ours", "s", ["type": "ipv4_addr"]);
        net.nft.element("inet", "ours", "s", "192.0.2.7");
        net.nft.rule("ip", "theirs", "c", "ip saddr 192.0.2.9 drop");""",
        ("table inet ours {", "elements = { 192.0.2.7 }", "ip saddr 192.0.2.9 drop"),
        "nft add table ip theirs; nft add chain ip theirs c; nft add rule ip theirs c ip saddr 192.0.2.10 drop",
        taken="nft flush set inet ours s",
    ),
    "iptables": Family(
        ("net.iptables.", "net.ip6tables.", "net.ebtables."),
        """net.iptables.newchain("filter", "OURS");
        net.iptables.append("filter", "INPUT", "-s", "198.51.100.9", "-j", "DROP");""",
        ("chain OURS {", "ip saddr 198.51.100.9 counter drop"),
        "iptables -w -A INPUT -s 198.51.100.10 -j DROP",
        taken="iptables -w -D INPUT -s 198.51.100.9 -j DROP",
    ),
    "files": Family(
        ("file.", "file_open"),
        """file.mkdir("/run/held/made"); file.write("/run/held/made/new", "ours\\n");
        file.write("/run/held/old", "ours\\n");
        file.link("old", "/run/held/link");""",
        ("/run/held/made directory", "/run/held/made/new: ours", "/run/held/old: ours", "/run/held/link -> old"),
        "mkdir /run/held; echo theirs >/run/held/old; echo theirs >/run/held/beside",
        ("/run/held/old: theirs",),
        "rm /run/held/made/new",
    ),
    "resolver": Family(
        ("net.dns", "net.dns.resolvconf"),
        'net.dns({"192.0.2.53"}, "20");',
        ("nameserver 192.0.2.53",),
        "echo nameserver 192.0.2.1 >/etc/resolv.conf",
        ("nameserver 192.0.2.1",),
        "rm /etc/resolv.conf",
    ),
    "children": Family(
        ("daemon", "run", "runonce", "sys.start_process", "net.dnsmasq", "net.backend.badvpn", "net.wpa",
         "net.backend.wpa_supplicant"),
        """run({"/bin/touch", "/run/touched"}, {"/bin/rm", "/run/touched"}); runonce({"/bin/true"});
        daemon({"/bin/sleep", "10007"}, ["retry_time": "100"]);""",
        ("/run/touched", "runs sleep 10007"),
        taken="pkill -xf '/bin/sleep 10007'",
    ),
    "dhcp": Family(
        ("net.ipv4.dhcp", "net.ipv4.arp_probe", "net.ipv6.dhcp", "net.ipv6.advertise"),
        """net.up("lan"); net.ipv4.dhcp("lan", {"conflict_check", "never"}) lease;
        net.ipv4.addr("lan", lease.cidr_addr);""",
        ("link lan up carrier", "addr 10.7.0.50/24 dev lan"),
        gone=("link lan down",),
        taken="ip addr del 10.7.0.50/24 dev lan",
    ),
    "sockets": Family(
        ("sys.connect", "sys.listen", "sys.request_client", "sys.request_server", "sys.socket"),
        """backtrack_point() again;
        sys.listen({"unix", "/run/greeter"}, "greet", {}) server; If (server.is_error) { sleep("50"); again->go(); };
        sys.connect({"unix", "/run/greeter"}) client; If (client.is_error) { sleep("50"); again->go(); };
        client->read() greeting; assert(@val_equal(greeting, "hello"));""",
        ("/run/greeter",),
    ),
    "events": Family(
        ("net.watch_interfaces", "net.backend.rfkill", "net.backend.waitdevice", "net.backend.waitlink", "sys.evdev",
         "sys.watch_directory", "sys.watch_input", "sys.watch_usb", "net.ipv6.ra", "net.ipv6.wait_dynamic_addr"),
        """net.backend.waitdevice("evt"); net.up("evt"); net.backend.waitlink("evt"); var("no") done;
        sys.watch_directory("/run/watched") seen;""",
        ("link evt up carrier",),
        f"{_veth('evt')}; mkdir /run/watched; echo >/run/watched/there",
        ("link evt down", "link evt-end up no-carrier"),
    ),
}  # fmt: skip

# What is there, line by line: all that any family or its neighbours have.
LOOK = r"""
ip -o link show set | grep -oE 'qlen [0-9]+|alias .*' | sed 's/^/set: /; s/ *$//'
ip neigh show nud permanent | sed 's/ proto 110//; s/ *$//'
for one in forwarding log_martians; do echo $one $(cat /proc/sys/net/ipv4/conf/sys/$one); done
nft -s list ruleset | sed 's/^[ \t]*//; s/counter packets [0-9]* bytes [0-9]*/counter/'
find /run/held -type d -printf '%p directory\n' -o -type l -printf '%p -> %l\n'
grep -H . $(find /run/held -type f) | sed 's/:/: /'
cat /etc/resolv.conf
ls -d /run/touched /run/greeter 2>/dev/null
pgrep -ax sleep | grep ' 10007$' | sed 's/^[0-9]* /runs /; s,/bin/,,'
true
"""
TEMPLATES = 'template greet { _socket->write("hello"); _socket->close(); }\n'


def program(names: tuple[str, ...]) -> str:
    """Return a program of some families, each of which says when it is complete, and when it is undone."""
    return TEMPLATES + "".join(
        f'process {name} {{ {FAMILIES[name].program} println("{name} complete"); rprintln("{name} undone"); }}\n'
        for name in names
    )
