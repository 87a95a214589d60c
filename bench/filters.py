"""Packet filter rules: one process with N rules after each other, N processes with one rule each, and the floor.

    unshare --net .venv/bin/python bench/filters.py [N]

Prints one JSON object, in milliseconds; up is from the start of the daemon to the last rule, down from SIGTERM to its
end, both with the daemon's start.
"""

import json
import signal
import subprocess
import sys
import tempfile
import time

NFT = 'net.nft.rule("ip", "t", "c", "tcp dport {n} accept");'
IPTABLES = 'net.iptables.append("filter", "INPUT", "-p", "tcp", "--dport", "{n}", "-j", "ACCEPT");'
TABLE = "add table ip t\nadd chain ip t c\n"


def nft(text: str) -> None:
    """Do what a script for nft says."""
    subprocess.run(["nft", "-f", "-"], input=text.encode(), check=True)


def in_turn(rule: str, count: int) -> str:
    """Return a program with all rules in one process."""
    rules = "\n".join(rule.replace("{n}", str(n)) for n in range(1, count + 1))
    return f'process main {{ {rules} println("complete"); }}'


def at_once(rule: str, count: int) -> str:
    """Return a program with a process for each rule."""
    one = rule.replace('"{n}"', "_arg0").replace('"tcp dport {n} accept"', "text")
    return (
        f'template one {{ concat("tcp dport ", _arg0, " accept") text; {one} provide(_arg0); }}\n'
        "process main {\n process_manager() m;\n"
        + "\n".join(f' m->start("{n}", "one", {{"{n}"}});' for n in range(1, count + 1))
        + "\n}\nprocess end {\n"
        + "\n".join(f' depend("{n}");' for n in range(1, count + 1))
        + '\n println("complete");\n}'
    )


def measured(program: str) -> dict[str, float]:
    """Run a program until it is complete, end it, and say how long both took."""
    with tempfile.NamedTemporaryFile("w", suffix=".ncd") as file:
        file.write(program)
        file.flush()
        begun = time.perf_counter()
        words = [sys.executable, "-m", "netstrata", "run", "--quiet", file.name]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as daemon:
            assert daemon.stdout is not None
            line = daemon.stdout.readline()
            up = time.perf_counter() - begun
            assert line == b"complete\n", line
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
    return {"up": round(up * 1e3), "down": round((time.perf_counter() - begun - up) * 1e3)}


def main() -> None:
    """Measure all."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rules = "".join(f"add rule ip t c tcp dport {n} accept\n" for n in range(1, count + 1))
    nft(TABLE)
    begun = time.perf_counter()
    nft(rules)
    found: dict[str, object] = {"rules": count, "nft -f": round((time.perf_counter() - begun) * 1e3)}
    nft("flush chain ip t c")
    for name, program in (("in turn", in_turn), ("at once", at_once)):
        found[f"nft, {name}"] = measured(program(NFT, count))
        found[f"iptables, {name}"] = measured(program(IPTABLES, count))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
