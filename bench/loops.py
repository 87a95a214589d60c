"""Programs that take away what they stand on: what share of a core each costs, beside one that does not.

python bench/loops.py [SECONDS]: as root; prints JSON.  Each program runs so long (20 s), beside one of the same length
that has nothing to do; of both is taken what they used since they started.  `rounds` is how often the first statement
that is taken away has come up; `share` is what the loop costs, in percent of a core, of which 2 are the most.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from attack.measure import cpu_s

from netstrata.testing.child import Child
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.testing.namespaces import become_root

SECONDS = 20.0
MOST = 2.0  # percent of a core
IP = "/usr/sbin/ip"
RENAMED = f"""run({{"{IP}", "link", "set", "va", "name", "lan"}}, {{"{IP}", "link", "set", "lan", "name", "va"}});"""
WATCHING = """process main {
    process_manager() links;
    net.watch_interfaces() change;
    If (@val_equal(change.event_type, "added")) { links->start(change.devname, "link", {change.devname}); }
    else { links->stop(change.devname); };
    change->nextevent();
}
"""
# Each with the statement that takes away, on the second line of the process or template where it is the first.
PROGRAMS = {
    "a tool renames": f'process main {{ net.backend.waitdevice("va"); println("round");\n {RENAMED} }}',
    "a tool renames, in a template": f"""process main {{ call("t", {{}}); println("round");\n {RENAMED} }}
        template t {{ net.backend.waitdevice("va"); }}""",
    "a tool renames, in another process": f"""process main {{
        net.backend.waitdevice("va"); println("round"); provide("card"); }}
        process other {{ depend("card");\n {RENAMED} }}""",
    "a tool renames, where links are watched": f"""{WATCHING}
        template link {{ if(@val_equal(_arg0, "va")); println("round");\n {RENAMED} }}""",
    "a rename": 'process main { net.backend.waitdevice("va"); println("round");\n net.rename("va", "lan"); }',
    "a rename, where links are watched": f"""{WATCHING}
        template link {{ if(@val_equal(_arg0, "va")); println("round");\n net.rename("va", "lan"); }}""",
    "an MTU too small for IPv6": """process main {
        net.up("va"); net.ipv6.addr("va", "2001:db8::1/64", ["wait": "off"]); println("round");
        net.mtu("va", "1200"); }""",
    "IPv6 switched off": """process main {
        net.up("va"); net.ipv6.addr("va", "2001:db8::1/64", ["wait": "off"]); println("round");
        net.sysctl("net.ipv6.conf.va.disable_ipv6", "1"); }""",
    "a link set down by a tool": f"""process main {{
        net.up("va"); net.backend.waitlink("va"); println("round");
        run({{"{IP}", "link", "set", "va", "down"}}, {{"{IP}", "link", "set", "va", "up"}}); }}""",
    "a setting that a tool changes": f"""process main {{ net.mtu("va", "1400"); println("round");
        run({{"{IP}", "link", "set", "va", "mtu", "1300"}}, {{}}); }}""",
    "an address of another host, too": """process main {
        net.up("va"); net.backend.waitlink("va"); net.ipv6.addr("va", "2001:db8::9/64"); println("round");
        net.route("2001:db8:9::/48", ["via": "2001:db8::7"]); }""",
}
IDLE = 'process main { net.backend.waitdevice("vq"); println("round");\n net.up("vq"); }'


def prepare(lab: Lab) -> Host:
    """Make a host with a card, which is cabled to another one."""
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "va"), (other, "vb"))
    other.up("vb", "2001:db8::9/64")
    return host


def start(host: Host, program: str, folder: str, name: str) -> Child:
    """Run a program."""
    at = Path(folder, f"{name}.ncd")
    at.write_text(program)
    words = [sys.executable, "-m", "netstrata", "run", "--quiet", "--control", "none", "--journal", "no"]
    return host.start([*words, str(at)])


def measure(program: str, seconds: float) -> dict[str, Any]:
    """Return what a program costs in so many seconds, beyond what one does that has nothing to do."""
    with Lab() as lab, tempfile.TemporaryDirectory() as folder:
        host = prepare(lab)
        looping, idle = start(host, program, folder, "loop"), start(host, IDLE, folder, "idle")
        time.sleep(seconds)
        used = cpu_s(looping.pid) - cpu_s(idle.pid)
        rounds = looping.output().splitlines().count("round")
        for daemon in (looping, idle):
            daemon.end()
    return {"rounds": rounds, "share": round(100 * used / seconds, 2)}


if __name__ == "__main__":
    become_root()
    given = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    figures = {name: measure(program, given) for name, program in PROGRAMS.items()}
    worst = max(figure["share"] for figure in figures.values())
    print(json.dumps({"seconds": given, "worst": worst, "holds": worst < MOST, "programs": figures}, indent=2))
