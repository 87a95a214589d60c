"""The layers of statements, and their lights."""

from typing import Any

import pytest
from tests.daemon.standing import Played

from netstrata.contract import computes
from netstrata.contract.declaration import ABOUT_NETWORK
from netstrata.control.answers import whole
from netstrata.daemon.pyramid.floors import pyramids
from netstrata.daemon.running.registry import make_registry


def _declared(layer: int) -> Any:
    @computes(f"l{layer}", layer=layer)
    def step() -> None:
        """Be up.

        Example:
            l1();
        """

    return step.declaration  # type: ignore[attr-defined]


STEPS = [_declared(layer) for layer in (1, 2, 3, 4)]


class Lights:
    """A program that is played, and what its lights are."""

    def __init__(self, text: str) -> None:
        self.played = Played(text, more=STEPS)
        self.play = self.played.play

    def _seen(self, below: bool) -> list[dict[str, Any]]:
        stands = self.played.stands()
        found: list[dict[str, Any]] = whole(pyramids(stands, [*stands.roots.values()], below))
        return found

    def all(self) -> dict[str, dict[str, str]]:
        """Return the lights of all processes."""
        found = self._seen(below=True)
        return {process["process"]: process.get("lights", {}) for process in found}

    def since(self) -> dict[str, float]:
        """Return since when the lights of the first process are so."""
        [process] = self._seen(below=False)
        found: dict[str, float] = process["lights_since"]
        return found

    def layers(self, process: str) -> list[tuple[str, int]]:
        """Return the layer of each floor of a process."""
        found = self._seen(below=True)
        return [(f["name"], f["layer"]) for p in found if p["process"] == process for f in p["floors"]]


def test_a_layer_is_up_when_all_of_it_is_and_coming_when_some_of_it_has_begun() -> None:
    lights = Lights("process main { l1(); l3(); sleep('5', '0'); l3(); l4(); }".replace("'", '"'))
    assert lights.all() == {"main": {"1": "up", "3": "coming", "4": "down"}}

    lights.play.pass_time(5)

    assert lights.all() == {"main": {"1": "up", "3": "up", "4": "up"}}


def test_a_process_without_layers_has_no_lights() -> None:
    assert Lights('process main { var("x") v; }').all() == {"main": {}}


def test_a_process_has_the_lights_of_what_it_runs_and_of_what_it_will_run() -> None:
    text = """process main { l1(); call("wifi", {}); call("vpn", {}); }
        template wifi { l2(); blocker() b; b->use(); If ("true") { l3(); }; }
        template vpn { call("inner", {}); }
        template inner { l4(); call("vpn", {}); }"""

    assert Lights(text).all() == {
        "main": {"1": "up", "2": "up", "3": "down", "4": "down"},
        "main.2/wifi": {"2": "up", "3": "down"},
    }


def test_a_branch_that_is_not_taken_has_no_light() -> None:
    assert Lights('process main { l1(); If ("false") { l2(); } Else { l3(); }; }').all()["main"] == {
        "1": "up",
        "3": "up",
    }


def test_a_manager_has_the_lights_of_the_processes_it_runs_now() -> None:
    lights = Lights("""process main { process_manager() m; m->start("a", "vpn", {}); blocker() b; b->use(); }
        template vpn { l4(); sleep("5", "0"); l3(); }""")

    assert lights.all()["main"] == {"3": "down", "4": "up"}
    assert lights.layers("main")[0] == ("process_manager", 4)


def test_a_structure_has_the_highest_layer_of_what_it_runs_before_and_while_it_does() -> None:
    lights = Lights("""process main { call("t", {}); sleep("5", "0"); Foreach ({"a"} As x) { l2(); }; depend("x"); }
        template t { l1(); l3(); var("x") v; }""")

    assert lights.layers("main") == [("call", 3), ("sleep", 0), ("foreach_emb", 2), ("depend", 0)]


def test_every_event_of_a_statement_has_its_layer() -> None:
    lights = Lights('process main { call("t", {}); } template t { l1(); l3(); }')
    lights.play.end()

    told = {(event.place.name, event.layer) for event in lights.played.stream.after(0, 1000) if event.place.statement}

    assert told == {("call", 3), ("l1", 1), ("l3", 3)}


def test_a_light_says_since_when_also_after_its_statements_are_gone() -> None:
    lights = Lights('process main { sleep("5", "0"); l1(); call("t", {}); } template t { l3(); }')
    assert lights.since() == {"1": 0.0, "3": 0.0}
    lights.play.pass_time(5)
    up = lights.since()
    assert up["3"] >= up["1"] > 0

    lights.play.engine.event(lambda: lights.play.engine.roots["main"].restart(0))
    lights.play.work_off()

    undone = lights.since()
    assert lights.all() == {"main": {"1": "down", "3": "down"}}
    assert undone["1"] >= undone["3"] >= up["3"]


def test_lights_of_processes_nested_deep_take_no_recursion() -> None:
    lights = Lights("""process main { call("deep", {"0"}); l1(); }
        template deep { If (@num_lesser(_arg0, "3000")) { call("deep", {@num_add(_arg0, "1")}); } Else { l3(); }; }""")

    assert lights.all()["main"] == {"1": "up", "3": "up"}


# What each statement about the network is for; a new one gets its layer here, after a thought.
EXPECTED = {
    1: "backend.rfkill backend.waitdevice backend.waitlink bond bond.port bridge bridge.fdb bridge.port bridge.vlan "
    "down dummy ethtool ipvlan link.set mac macsec macsec.rx_key macsec.tx_key macvlan mtu netkit "
    "rename shape up veth vlan vrf vrf.port watch_interfaces",
    2: "backend.wpa_supplicant wpa",
    3: "addr gateway ipv4.addr ipv4.arp_probe ipv4.dhcp ipv4.route ipv4.routes ipv6.addr ipv6.dhcp ipv6.prefix ipv6.ra "
    "ipv6.route ipv6.wait_dynamic_addr neigh route rule static sysctl",
    4: "backend.badvpn dns dns.resolvconf dnsmasq geneve gre gretap ip6gre ip6gretap ip6tnl ipip ipv6.advertise "
    "portal probe sit tun vti vti6 vxlan xfrm ebtables.append ebtables.insert ebtables.newchain "
    "ebtables.policy ip6tables.append ip6tables.insert ip6tables.newchain ip6tables.policy iptables.append "
    "iptables.insert iptables.lock iptables.newchain iptables.policy nft.chain nft.element nft.flowtable "
    "nft.insert nft.map nft.rule nft.set nft.table vpn.wireguard vpn.wireguard.peer",
}


@pytest.mark.parametrize("layer", EXPECTED)
def test_the_statements_of_a_layer_are_known(layer: int) -> None:
    found = [d.name for d in make_registry().declarations() if d.layer == layer and "::" not in d.name]

    expected = EXPECTED[layer].split()
    assert found == sorted(name if name.startswith("vpn.") else f"net.{name}" for name in expected)


def test_what_holds_or_watches_the_network_has_a_layer() -> None:
    without = [
        d.name
        for d in make_registry().declarations()
        if d.name.startswith(ABOUT_NETWORK) and d.kind in ("configures", "watches", "reports", "object") and not d.layer
    ]

    assert without == []
