"""Whatever values a program has: the real programs read exactly the directives that were meant, or we refuse.

nftables 1.0.6, iptables 1.8.9 (nf_tables), dnsmasq 2.90, wpa_supplicant 2.10.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.backends.test_wpa_supplicant import peer
from tests.kernel.filters.programs import started

from netstrata.contract.shapes.dnsmasq import DNSMASQ_OPTIONS
from netstrata.contract.shapes.filters import FILTER_RULE
from netstrata.contract.shapes.nft import CHAIN_OPTIONS, ELEMENT, RULE_TEXT, chain_text
from netstrata.contract.shapes.wpa import WPA_OPTIONS
from netstrata.protocols import dnsmasq, wpa_configuration
from netstrata.testing.lab import Lab
from netstrata.values import List, Map, Refused, Value, format_ipv4

pytestmark = pytest.mark.kernel

NASTY = ["a", "accept", "drop", " ", ";", "\n", "\r", '"', "'", "\\", "#", "{", "}", "(", ")", ",", "$", "@", "*", "-F",
         "add table ip evil", "flush ruleset", "comment", "\0", "\xff", "counter"]  # fmt: skip


def texts(*more: str, most: int = 7) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from([*NASTY, *more]), max_size=most).map(lambda parts: "".join(parts).encode("latin-1"))


def run(*words: str | bytes, text: bytes = b"") -> tuple[int, bytes]:
    done = subprocess.run(words, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    return done.returncode, done.stdout


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def nft_lists() -> list[str]:
    """Return the kinds of all that nft lists."""
    status, listed = run("nft", "-j", "list", "ruleset")
    assert status == 0, listed
    found = json.loads(listed.decode("utf-8", "replace"))["nftables"]
    return [kind for one in found for kind in one if kind != "metainfo"]


def test_a_rule_or_an_element_of_nft_is_one_or_none(lab: Lab) -> None:
    made = [0]

    @settings(max_examples=40)
    @given(
        st.sampled_from([b"", b"accept ", b'tcp dport { 22 } accept comment "']), texts('comment "a', '" ', most=3),
        st.sampled_from([b"", b"192.0.2.1", b"192.0.2.0/24, 198.51.100.1 "]), texts(most=2),
    )  # fmt: skip
    def holds(rule: bytes, rest: bytes, element: bytes, more: bytes) -> None:
        rule, element = rule + rest, element + more
        text, elements = RULE_TEXT.read(rule), ELEMENT.read(element)
        script = "create table inet t\ncreate set inet t s { type ipv4_addr; }\ncreate chain inet t c\n"
        assert run("nft", "-f", "-", text=script.encode())[0] == 0
        for line in (
            f"add rule inet t c {text}" if text is not None else "",
            f"create element inet t s {{ {elements} }}" if elements is not None else "",
        ):
            made[0] += not run("nft", "-f", "-", text=encoded(f"{line}\n"))[0] and bool(line)
        left = nft_lists()
        # nft 1.0.6 lists the set first, 1.1.3 the chain
        assert sorted(kind for kind in left if kind != "rule") == ["chain", "set", "table"]
        assert left.count("rule") <= 1
        run("nft", "flush", "ruleset")

    lab.host("host").call(holds)

    assert made[0] > 3


def test_a_device_of_nft_is_that_link_whatever_its_name_is(lab: Lab) -> None:
    host = lab.host("host")

    def story(name: bytes) -> list[str]:
        given: dict[Value, Value] = {
            b"type": b"filter", b"hook": b"ingress", b"priority": b"0", b"device": name,
        }  # fmt: skip
        options = CHAIN_OPTIONS.read(Map(given))
        assert options is not None
        assert run("ip", "link", "add", "name", name, "type", "veth", "peer", "name", "p")[0] == 0
        script = encoded(f"create table netdev t\ncreate chain netdev t c {chain_text(options)}\n")
        assert run("nft", "-f", "-", text=script) == (0, b"")
        left = nft_lists()
        run("nft", "flush", "ruleset")
        run("ip", "link", "del", "p")
        return left

    for name in (b"eth7", b"a;b}#{", b"-x", b"$a@b", b"add", b"\xc3\xa9\xff"):
        assert host.call(lambda name=name: story(name)) == ["table", "chain"], name  # type: ignore[misc]


def test_a_rule_of_iptables_is_one_line_to_who_saves_and_restores_it(lab: Lab) -> None:
    made = [0]

    @settings(max_examples=25)
    @given(texts("\n-A INPUT -j DROP", '" -j DROP', "COMMIT"))
    def holds(comment: bytes) -> None:
        words = [b"filter", b"INPUT", b"-m", b"comment", b"--comment", comment, b"-j", b"ACCEPT"]
        rule = FILTER_RULE.read(List(list(words)))
        if rule is None:
            assert b"\n" in comment or b"\0" in comment
            return
        made[0] += not run("iptables", "-w", "-t", rule.table, "-A", rule.chain, *rule.words)[0]
        _, saved = run("iptables-save")
        assert len([line for line in saved.split(b"\n") if line.startswith(b"-A ")]) <= 1
        assert run("iptables-restore", "--test", text=saved)[0] == 0
        run("iptables", "-F")

    lab.host("host").call(holds)

    assert made[0] > 3


def address(last: int) -> bytes:
    return format_ipv4(bytes([192, 0, 2, last]))


NAMES = texts("a.b", "server=192.0.2.66", "x" * 60, most=3)


def test_dnsmasq_reads_what_was_meant(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "d.conf"
    made = [0]
    known = {"interface", "except-interface", "bind-dynamic", "log-facility", "no-hosts", "no-resolv", "bogus-priv",
             "domain-needed", "server", "host-record", "domain", "dhcp-authoritative", "dhcp-leasefile", "dhcp-range",
             "dhcp-option", "dhcp-host", "port", "dhcp-boot", "dhcp-match", "enable-tftp", "tftp-root"}  # fmt: skip

    @settings(max_examples=60)
    @given(st.sampled_from([b"example.org", b"a-b"]) | NAMES, st.sampled_from([b"", b"tv", b"n1"]) | NAMES,
           st.integers(0, 100))  # fmt: skip
    def holds(domain: bytes, name: bytes, servers: int) -> None:
        host = [b"02:00:00:00:00:01", address(9), *([name] if name else [])]
        given: dict[Value, Value] = {
            b"range": List([address(10), address(20)]), b"domain": domain, b"hosts": List([List(list(host))]),
            b"dns": List([address(last) for last in range(servers)]), b"search": List([domain]),
            b"options": Map({b"252": name or b"x y"}), b"boot": Map({b"file": name or b"a;b", b"efi": domain}),
            b"tftp": b"/srv/" + name,
        }  # fmt: skip
        options = DNSMASQ_OPTIONS.read(Map(given))
        if options is None:
            return
        if servers > 63:
            with pytest.raises(Refused, match="addresses do not fit into a DHCP option"):
                dnsmasq.configuration("lan", options, "/run/leases")
            return
        text = dnsmasq.configuration("lan", options, "/run/leases")
        path.write_text(text)
        assert run("dnsmasq", "--test", "-C", str(path))[0] == 0
        lines = text.splitlines()[1:]
        assert {line.partition("=")[0] for line in lines} <= known
        assert max(map(len, lines)) < 1024
        made[0] += 1

    lab.host("host").call(holds)

    assert made[0] > 3


@pytest.mark.parametrize("file", ["/run/a#b", '/run/"a', "/run/a\nserver=192.0.2.66", "/run/a\\tb"])
def test_a_path_that_would_be_something_else_to_dnsmasq_is_refused(file: str) -> None:
    options = DNSMASQ_OPTIONS.read(Map({b"range": List([address(10), address(20)])}))
    assert options is not None

    with pytest.raises(Refused):
        dnsmasq.configuration("lan", options, file)


def supplicant_reads(said: bytes) -> dict[str, bytes]:
    """Return the values that wpa_supplicant says with -dd -K that it has read, by name."""
    found: dict[str, bytes] = {}
    for match in re.finditer(rb"(?m)^(\w+) - hexdump_ascii\(len=(\d+)\):\n((?:     .*\n)*)", said):
        row = [line[5:53].split() for line in match[3].split(b"\n") if line]
        found[match[1].decode()] = bytes(int(octet, 16) for octets in row for octet in octets)
    return found


def test_wpa_supplicant_reads_what_was_meant(lab: Lab, tmp_path: Path) -> None:
    program = peer(tmp_path, "wpasupplicant", "usr/sbin/wpa_supplicant")
    path = tmp_path / "w.conf"
    values = texts("\n}\nnetwork={\n", '"\n\tca_cert="', "x" * 900, "\t", most=5)
    made = [0]

    @settings(max_examples=40)
    @given(values, values, st.binary(min_size=1, max_size=32))
    def holds(identity: bytes, password: bytes, ssid: bytes) -> None:
        meant = {"ssid": ssid, "identity": identity, "password": password}
        given: dict[Value, Value] = {word.encode(): value for word, value in meant.items()}
        options = WPA_OPTIONS.read(Map({**given, b"eap": b"PEAP"}))
        if options is None:
            return
        path.write_bytes(encoded(wpa_configuration.configuration("lo", options)))
        _, said = run(program, "-i", "none", "-D", "nl80211", "-c", str(path), "-dd", "-K")
        assert said.count(b"start of a new network block") == 1
        assert b"failed to parse" not in said
        assert {word: value for word, value in supplicant_reads(said).items() if word in meant} == meant
        assert set(supplicant_reads(said)) == set(meant)
        made[0] += 1

    lab.host("host").call(holds)

    assert made[0] > 3


def test_a_link_whose_name_begins_with_a_hyphen_is_no_option(lab: Lab, tmp_path: Path) -> None:
    program = peer(tmp_path, "wpasupplicant", "usr/sbin/wpa_supplicant")
    options = WPA_OPTIONS.read(Map({b"ssid": b"home"}))
    assert options is not None
    (tmp_path / "w.conf").write_text(wpa_configuration.configuration("-B", options))

    _, said = lab.host("host").call(
        lambda: run(program, "-D", "nl80211", "-i", "-B", "-c", str(tmp_path / "w.conf"), "-dd")
    )

    assert b"Initializing interface '-B'" in said
    assert said.count(b"start of a new network block") == 1


def test_a_name_server_cannot_be_smuggled_into_resolv_conf(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.write("/etc/resolv.conf", "nameserver 192.0.2.1\n")
    text = r"""process main {
        var("example.org\nnameserver 203.0.113.66") domain;
        net.dns.resolvconf({{"search", domain}}, "20");
    }"""

    daemon = started(host, tmp_path / "x.ncd", text)
    daemon.wait_output("line of resolv.conf")
    daemon.end()

    said = daemon.output()
    assert r'"example.org\nnameserver 203.0.113.66" cannot stand in a line of resolv.conf: it has a line feed' in said
    assert "x.ncd:3:28" in said
    assert "each pair becomes one line of resolv.conf: no line feed, no carriage return, up to 1023 bytes" in said
    assert host.read("/etc/resolv.conf") == "nameserver 192.0.2.1\n"
