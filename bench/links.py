"""Links with an address each from one program, up and down, against `ip -batch`.

The kernel waits some 20 to 40 ms for each link that it deletes, whoever asks: that is nearly all of the way down, and
why one round has to do.
"""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from space import NCD, median, shell

ROUNDS = 1


def _address(number: int) -> str:
    return f"10.{number // 256}.{number % 256}.1/24"


def _statement(kind: str, number: int) -> str:
    peer = f', "p{number}"' if kind == "veth" else ""
    return f'    net.{kind}("l{number}"{peer});\n    net.ipv4.addr("l{number}", "{_address(number)}");\n'


def _program(kind: str, count: int) -> str:
    return (
        "process main {\n    println(@clock_get_ms());\n"
        + "".join(_statement(kind, number) for number in range(count))
        + '    println(@clock_get_ms());\n    exit("0");\n}\n'
    )


def _adds(kind: str, count: int) -> str:
    peer = " peer name p{}" if kind == "veth" else ""
    return "".join(
        f"link add l{n} type {kind}{peer.format(n)}\naddr add {_address(n)} dev l{n}\n" for n in range(count)
    )


def _deletes(count: int) -> str:
    return "".join(f"addr del {_address(n)} dev l{n}\nlink del l{n}\n" for n in reversed(range(count)))


def _timed(lines: Path) -> float:
    start = time.monotonic()
    subprocess.run(["ip", "-batch", str(lines)], check=True)
    return time.monotonic() - start


def measure(kind: str, count: int) -> dict[str, Any]:
    """Measure so many links: the middle of three rounds, in seconds, and the ratio of up and down together."""
    shell("sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
    up, down, add, delete = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program, adds, deletes = folder / "links.ncd", folder / "add", folder / "del"
        program.write_text(_program(kind, count))
        adds.write_text(_adds(kind, count))
        deletes.write_text(_deletes(count))
        for _ in range(ROUNDS):
            done = subprocess.run([*NCD, str(program)], stdout=subprocess.PIPE, check=True)
            end = time.monotonic()
            first, last = (int(word) / 1000 for word in done.stdout.split())
            up.append(last - first)
            down.append(end - last)
            add.append(_timed(adds))
            delete.append(_timed(deletes))
    ours, floor = median(up) + median(down), median(add) + median(delete)
    return {
        "kind": kind,
        "links": count,
        "up_s": round(median(up), 4),
        "down_s": round(median(down), 4),
        "ip_batch_add_s": round(median(add), 4),
        "ip_batch_del_s": round(median(delete), 4),
        "times_ip_batch": round(ours / floor, 2),
        "up_times_ip_batch_add": round(median(up) / median(add), 2),
    }
