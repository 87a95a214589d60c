"""Keys are seen nowhere: not in what the daemon says, records and remembers, nor in what it gives to others."""

from base64 import b64decode
from pathlib import Path

import pytest
from tests.kernel.statements.test_every_statement import SLOW_S
from tests.kernel.wireguard.ends import SECRET, Ends, of_us, peer
from tests.kernel.wireguard.test_tunnel import DONE

pytestmark = [pytest.mark.kernel, pytest.mark.vm("wireguard")]


def test_keys_are_seen_nowhere(ends: Ends) -> None:
    ends.theirs.begin("b", 51820, "10.66.0.2/24", of_us())
    ends.ours.write("/etc/wg0.key", SECRET["a"] + "\n")
    from_file = (
        'file_read("/etc/wg0.key") key; println("the key is ", key);'
        ' vpn.wireguard("wg0", ["private_key": key]) tunnel; net.up("wg0");'
    )
    text = f"process main {{ {from_file} {peer(preshared_key=SECRET['c'])} {DONE} }}"
    record = ends.folder / "record"
    daemon = ends.run(text, "--record", str(record))
    daemon.wait_output("complete\n", SLOW_S)

    own = ends.ours.call(lambda: [path.read_bytes() for path in Path("/run/netstrata").rglob("*") if path.is_file()])
    running = ends.ours.run("sh", "-c", "ps -ww -e -o args; cat /proc/[0-9]*/environ | tr '\\0' '\\n'")
    (ends.folder / "x.ncd").write_text(text.replace(SECRET["c"], SECRET["d"][:-2] + "!="))
    told = [
        ends.asked(*words)
        for words in (
            ["status", "--all", "--json"], ["why"], ["log"], ["log", "--json"], ["plan"], ["reload"], ["graph"],
            ["links", "--json"],
        )
    ]  # fmt: skip
    daemon.end(SLOW_S)

    everything = "\n".join([*told, daemon.output(), running, record.read_text()])
    assert "vpn.wireguard.peer" in everything
    for key in (SECRET["a"], SECRET["c"], SECRET["d"][:-2]):
        raw = b64decode(key + "=" * (-len(key) % 4))
        shown = everything.replace(f"the key is {key}", "")  # standard output is the program's own
        assert key not in shown
        assert raw.hex() not in everything
        for data in own:
            assert raw not in data
            assert b"texts" in data or key.encode() not in data  # what is kept of programs to go back
