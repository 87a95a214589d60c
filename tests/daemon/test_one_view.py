"""What stands is the same, whether a walk over all that runs tells it, or events alone do."""

import json
import random
import re
from contextlib import suppress
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.standing import Played, service_of

from netstrata.control.answers import Items, finish, whole
from netstrata.control.verbs import NOBODY, OPERATE, Failure
from netstrata.daemon.events.event import Event
from netstrata.daemon.events.recorder import codes_of
from netstrata.daemon.events.recording import read_event
from netstrata.daemon.pyramid.replay import Replay

PROGRAMS = {
    "names": """
        process user { depend("LAN") lan; println("up"); }
        process lan { blocker() gate; call("work", {"x"}); gate->up(); gate->use(); provide("LAN"); }
        template work { var(_arg0) x; depend(_arg0); }
        process x { var("x") name; blocker() b; b->up(); b->use(); provide(name); }
        process many { multidepend({"wired", "x", "radio"}); dynamic_depend("NET"); }
        process radio { multiprovide("radio"); dynamic_provide("NET", "20"); }
        process best { sleep("10"); multiprovide("wired"); dynamic_provide("NET", "10"); }
    """,
    "structures": """
        process main { spawn("beside", {"1"}) s; s->join(); Foreach ({"a", "b", "c"} As x) { sleep("5", "5"); }; }
        template beside { var(_arg0) v; sleep("10", "10"); println(v); }
        process managed { process_manager() m; m->start("one", "beside", {"2"}); m->start("two", "inner", {}); }
        template inner { call("beside", {"3"}); provide("INNER"); }
        process tries { try("body", {}) t; do("beside", {"4"}, "beside", {"5"}); println(t.succeeded); }
        template body { _try->assert("false"); }
        process demanded { ondemand("inner", {}) o; sleep("20"); o->demand(); }
    """,
    "goals": """
        process vpn { on_request("vpn"); require("net") net; sleep("5", "5"); provide("vpn"); }
        process net { on_request("net"); var("eth0") link; sleep("5"); provide("net"); }
        process both { depend_scope() s; call("giver", {}); s->depend({{"a", "1"}}); }
        template giver { _caller.s->provide({"a", "1"}); }
    """,
    "failures": """
        process bad { var("1") v; sleep("soon"); }
        process flaky { sleep("5"); blocker() b; b->up(); spawn("inner", {}); sleep(b); }
        template inner { depend("nothing"); getenv("HOME") h; provide(h); }
    """,
}  # fmt: skip


def told(played: Played) -> Replay:
    """Return what the program's record would tell until now."""
    events: list[Event] = []
    for event in played.stream.after(0, played.stream.seq):
        fields = event.as_dict()
        if event.kind == "program":
            fields["codes"] = codes_of(played.stream)
        events.append(read_event(json.loads(json.dumps(fields))))
    replay = Replay(iter(events))
    replay.skip(lambda event: True)
    return replay


def answers(service: Any) -> dict[str, Any]:
    """Return all that a service says of what stands."""
    status: Items = service.status(OPERATE, below=True)
    found = {"status": sorted(whole(status), key=lambda process: str(process["process"]))}
    for process in found["status"]:
        name = process["process"]
        found[f"why {name}"] = whole(service.why(OPERATE, name))
    for name in ("LAN", "beside", "vpn"):
        with suppress(Failure):
            found[f"why {name}"] = whole(service.why(OPERATE, name))
    graph = whole(finish(service.graph(OPERATE)))
    found["nodes"] = sorted(graph["nodes"], key=str)
    found["edges"] = sorted(graph["edges"], key=str)
    found["goals"] = sorted(whole(service.goals(OPERATE)), key=str)
    return found


def plain(found: dict[str, Any]) -> list[str]:
    """Return answers as lines, without the time that is left: a record tells what was left when it was told."""
    text = json.dumps(found, indent=1, sort_keys=True)
    return re.sub(r"(?:next try in )?\d+(?:\.\d+)? s(?: are left)?", "SOON", text).splitlines()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_record_answers_as_the_daemon_did_whatever_has_happened(program: str, seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    played = Played(PROGRAMS[program])
    play, stream = played.play, played.stream
    daemon = service_of(play, stream, tmp_path)
    kept = service_of(play, stream, tmp_path)  # never lets go what it has
    for _ in range(25):
        act = rng.random()
        if act < 0.5:
            play.pass_time(rng.choice([1, 5, 10, 6000]))
        elif act < 0.8:
            process = rng.choice([one for _, one in sorted(stream._at.items())])
            if process.code.slots:
                process.restart(rng.randrange(len(process.code.slots)))
        else:
            verb = rng.choice([daemon.ask, daemon.drop])
            with suppress(Failure):
                finish(verb(OPERATE, NOBODY, rng.choice(["vpn", "net"])))
        play.work_off()
        stream.settle()

        daemon.view.let_go()
        walked = plain(answers(daemon))
        difference = "\n".join(unified_diff(walked, plain(answers(told(played))), lineterm="", n=8))
        print(difference)
        assert not difference
        assert plain(answers(kept)) == walked
