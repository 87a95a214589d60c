"""Each fault on purpose, with each family of statements that it can meet.

The daemon lives on; what is wanted stands when the fault is over, within its retry; `why` says what is wrong meanwhile;
after SIGTERM nothing is left, and nothing of others was touched.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.kernel.faults.families import FAMILIES, NETWORK
from tests.kernel.faults.fork_server import ForkServer
from tests.kernel.faults.scene import CONTROL, ENDING, FAULT, Daemon, Scene
from tests.kernel.faults.table import ELSEWHERE, FAULTS, HUNG, REFUSED, STANDING, Fault

from netstrata.daemon.running.registry import make_registry
from netstrata.testing.impair.reading import known_kinds, read_impairments
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel
FASTER = 100
LEASE_S = 120  # dnsmasq knows no shorter ones
WHOLE = os.environ.get("NETSTRATA_FAULTS") == "all"  # tools/faults


class Scenes:
    """A scene for one fault after the other, made anew where one has left something."""

    def __init__(self, folder: pytest.TempPathFactory) -> None:
        self._server = ForkServer()
        self._folder = folder
        self._scene: Scene | None = None

    def scene(self) -> Scene:
        """Return a scene in which nothing has happened."""
        if self._scene is None:
            self._scene = Scene(self._server, self._folder.mktemp("faults"))
        return self._scene

    def spoilt(self) -> None:
        """Use this one no more."""
        if self._scene is not None:
            with suppress(Unavailable):  # what a test that failed has open still
                self._scene.close()
            self._scene = None

    def close(self) -> None:
        """Let go of all."""
        self.spoilt()
        self._server.close()


@pytest.fixture(scope="module")
def scenes(root: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenes]:
    made = Scenes(tmp_path_factory)
    yield made
    made.close()


def named(fault: Fault) -> str:
    """Return a row as the name of a test."""
    first = fault.impair.replace(f",during={FAULT}", "").replace(f"during={FAULT}", "").split(";")[0]
    return f"{first.replace(',times=0', '').strip(':,')}-{fault.course}"


@pytest.mark.parametrize("fault", [one for one in FAULTS if WHOLE or not one.slow], ids=named)
def test_a_fault_is_said_and_overcome_and_leaves_nothing(scenes: Scenes, fault: Fault) -> None:
    scene = scenes.scene()
    try:
        met(scene, fault)
    except BaseException:
        scenes.spoilt()
        raise
    if fault.stays:
        scenes.spoilt()


def met(scene: Scene, fault: Fault) -> None:
    """Run a daemon that meets a fault, and see what becomes of it."""
    names = fault.families
    if fault.course != STANDING:
        scene.begin(FAULT)
    daemon = scene.start(names, fault.impair, *(("--stop-time", "1") if fault.course == HUNG else ()))
    if fault.course == HUNG:
        for name in names:
            said = (f"{name} complete\n", f"{name}.1 ")
            daemon.wait(f"what {name} waits for", lambda said=said: any(one in daemon.output for one in said))  # type: ignore[misc]
    elif fault.course == STANDING:
        taken_away(scene, fault, daemon)
    else:
        begun(daemon, fault)
        scene.sh(fault.then)
        scene.over(FAULT)
        daemon.wait_complete()
    if fault.course != HUNG:
        daemon.wait("what is wanted", lambda: not scene.lacks(names), lambda: f"without {scene.lacks(names)}")
    scene.begin(ENDING)
    status = daemon.end()
    scene.over(ENDING)
    scene.over(FAULT)

    assert sorted(scene.left()) == sorted(f"+ {line}" for line in fault.stays), daemon.account
    assert status == 0, daemon.account
    assert "Traceback" not in daemon.output, daemon.account


def begun(daemon: Daemon, fault: Fault) -> None:
    """Wait until each family has met the fault, or is up in spite of it."""
    for name in fault.families:
        if fault.course == REFUSED:
            daemon.wait(f"{fault.says} of {name}", lambda name=name: daemon.says(name, fault.says))  # type: ignore[misc]
        else:
            tried = (f"{name} complete\n", f"process {name}, statement", "is_error=true")
            daemon.wait(f"{name}", lambda tried=tried: any(one in daemon.output for one in tried))  # type: ignore[misc]


def taken_away(scene: Scene, fault: Fault, daemon: Daemon) -> None:
    """Let the fault begin when all is up, have somebody take things away, and wait until they are back."""
    daemon.wait_complete()
    scene.begin(FAULT)
    taken = [name for name in fault.families if FAMILIES[name].taken]
    for name in taken:
        scene.sh(FAMILIES[name].taken)
    scene.over(FAULT)


def test_what_the_kernel_will_not_undo_is_said_and_left_to_who_recovers(scenes: Scenes) -> None:
    scene = scenes.scene()
    daemon = scene.start(NETWORK, f"refused:errno=EBUSY,times=0,during={ENDING}")
    daemon.wait_complete()
    scene.begin(ENDING)
    status, left = daemon.end(), len(scene.left())
    scene.over(ENDING)

    recovered = scene.run("recover", "--control", CONTROL)

    assert (status, left > len(NETWORK)) == (0, True)
    assert "warning: cannot delete 192.0.2.1/24 on adr: Device or resource busy" in daemon.output
    assert (recovered.status(), scene.left()) == (0, [])


def test_a_full_run_costs_nothing_but_what_is_kept_there(scenes: Scenes) -> None:
    scene = scenes.scene()
    scene.sh(
        "mkdir -p /run/netstrata; mount -t tmpfs -o size=4k,nr_inodes=2 none /run/netstrata; touch /run/netstrata/x"
    )
    daemon = scene.start(tuple(name for name in FAMILIES if name != "children"))  # which are kept in FIFOs there
    try:
        daemon.wait_complete()
        lacks, status = scene.lacks(daemon.names), daemon.end()
    finally:
        scene.sh("umount /run/netstrata")

    assert (lacks, scene.left(), status) == ([], [], 0)
    assert "No space left on device; if this daemon is killed, what it does now stays" in daemon.output


def test_a_lease_that_ran_out_while_the_daemon_was_stopped_is_given_up_and_another_one_taken(scenes: Scenes) -> None:
    scene = scenes.scene()
    daemon = scene.start(("dhcp", "addresses"), f"fast-time:by={FASTER}")
    daemon.wait_complete()

    daemon.child.signal(signal.SIGSTOP)
    time.sleep(1.1 * LEASE_S / FASTER)  # nothing happens that could be waited for
    daemon.child.signal(signal.SIGCONT)
    daemon.wait_complete("dhcp", times=2)

    assert scene.lacks(("dhcp", "addresses")) == []
    assert "ran out" in daemon.output
    assert (daemon.end(), daemon.output.count("addresses undone"), scene.left()) == (0, 1, [])


def test_a_dhcp_server_that_vanishes_takes_its_lease_along_and_brings_it_back(scenes: Scenes) -> None:
    scene = scenes.scene()
    daemon = scene.start(("dhcp",), f"fast-time:by={FASTER}")
    daemon.wait_complete()
    scene.dhcp.end()
    daemon.wait("the end of the lease", lambda: "dhcp undone" in daemon.output)
    daemon.wait("why there is none", lambda: "DISCOVER" in daemon.why("dhcp"))

    scene.serve_again()
    daemon.wait_complete("dhcp", times=2)

    assert scene.lacks(("dhcp",)) == []
    assert (daemon.end(), scene.left()) == (0, [])


def test_every_kind_of_fault_has_a_row() -> None:
    rows = {part.partition(":")[0] for fault in FAULTS for part in fault.impair.split(";")}

    assert rows | ELSEWHERE == set(known_kinds())
    assert all(read_impairments(fault.impair) for fault in FAULTS)


def test_every_statement_about_the_outside_is_of_a_family() -> None:
    outside = [
        one.name for one in make_registry().declarations() if one.kind in ("configures", "watches", "reports", "object")
    ]
    members = tuple(member for family in FAMILIES.values() for member in family.statements)

    assert [name for name in outside if name not in members and not name.startswith(members)] == []


def test_every_family_meets_faults_before_and_after_it_is_up() -> None:
    courses = {name: {fault.course for fault in FAULTS if name in fault.families} for name in FAMILIES}

    assert {name: found for name, found in courses.items() if STANDING not in found or len(found) < 2} == {}
