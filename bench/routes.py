"""Routes from one program, up and down, against `ip -batch` and against one `ip` process for each."""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from space import NCD, median, shell

ROUNDS = 3
FORKED = 200  # so many routes by one `ip` each; the rest would only take longer


def _destination(number: int) -> str:
    return f"10.{1 + number // 65536}.{number // 256 % 256}.{number % 256}/32"


def _program(count: int) -> str:
    routes = (f'    net.ipv4.route("{_destination(n)}", "10.0.0.2", "5", "v0");\n' for n in range(count))
    return (
        'process main {\n    net.up("v0");\n    net.ipv4.addr("v0", "10.0.0.1/8");\n    println(@clock_get_ms());\n'
        + "".join(routes)
        + '    println(@clock_get_ms());\n    exit("0");\n}\n'
    )


def _batch(verb: str, count: int) -> str:
    numbers = range(count) if verb == "add" else reversed(range(count))
    return "".join(f"route {verb} {_destination(n)} via 10.0.0.2 metric 5 dev v0\n" for n in numbers)


def _timed(command: list[str]) -> float:
    start = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - start


def _forked() -> float:
    start = time.monotonic()
    for verb in ("add", "del"):
        for number in range(FORKED):
            words = ["ip", "route", verb, _destination(number), "via", "10.0.0.2", "metric", "5", "dev", "v0"]
            subprocess.run(words, check=True)
    return (time.monotonic() - start) / FORKED


def measure(count: int) -> dict[str, Any]:
    """Measure so many routes: the middle of three rounds, in seconds, and ratios of up and down together."""
    shell("ip link add v0 type veth peer name v1; ip link set v1 up")
    up, down, add, delete = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program, adds, deletes = folder / "routes.ncd", folder / "add", folder / "del"
        program.write_text(_program(count))
        adds.write_text(_batch("add", count))
        deletes.write_text(_batch("del", count))
        for _ in range(ROUNDS):
            done = subprocess.run([*NCD, str(program)], stdout=subprocess.PIPE, check=True)
            end = time.monotonic()
            first, last = (int(word) / 1000 for word in done.stdout.split())
            up.append(last - first)
            down.append(end - last)
            shell("ip link set v0 up; ip addr add 10.0.0.1/8 dev v0")
            add.append(_timed(["ip", "-batch", str(adds)]))
            delete.append(_timed(["ip", "-batch", str(deletes)]))
            shell("ip addr flush dev v0; ip link set v0 down")
        shell("ip link set v0 up; ip addr add 10.0.0.1/8 dev v0")
        forked = _forked() * count
    shell("ip link del v0")
    ours, floor = median(up) + median(down), median(add) + median(delete)
    return {
        "routes": count,
        "up_s": round(median(up), 4),
        "down_s": round(median(down), 4),
        "ip_batch_add_s": round(median(add), 4),
        "ip_batch_del_s": round(median(delete), 4),
        "ip_each_s": round(forked, 2),
        "times_ip_batch": round(ours / floor, 2),
        "faster_than_ip_each": round(forked / ours, 1),
    }
