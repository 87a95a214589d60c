"""Requests that one program answers, one after the other and side by side, through its request server."""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from space import NCD

ALONE = 2_000
BESIDE = 5_000
PROGRAM = """process main {{
    sys.request_server({{"unix", "{folder}/socket"}}, "answer", {{}});
    sys.request_client({{"unix", "{folder}/socket"}}) client;
    println(@clock_get_ms());
    call("ask_one_by_one", {{}});
    println(@clock_get_ms());
    call("ask_side_by_side", {{}});
    println(@clock_get_ms());
    exit("0");
}}
template answer {{ _request->reply(_request.data); _request->finish(); }}
template ask_one_by_one {{
    var("0") asked;
    backtrack_point() again;
    blocker() answered;
    _caller.client->request(asked, "replied", "finished", {{}}) request;
    answered->use();
    asked->set(@num_add(asked, "1"));
    If (@num_lesser(asked, "{alone}")) {{ again->go(); }};
}}
template replied {{ var(_reply.data) data; }}
template finished {{ _caller.answered->up(); }}
template ask_side_by_side {{
    var("0") finished;
    blocker() all;
    process_manager() askers;
    Foreach ({{{numbers}}} As number) {{ askers->start("asker", {{number}}); }};
    all->use();
}}
template asker {{ _caller._caller.client->request(_arg0, "replied", "counted", {{}}); }}
template counted {{
    _caller._caller.finished->set(@num_add(_caller._caller.finished, "1"));
    If (@num_equal(_caller._caller.finished, "{beside}")) {{ _caller._caller.all->up(); }};
}}
"""


def measure() -> dict[str, Any]:
    """Ask, and return requests for each second, client and server being one program."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "requests.ncd"
        numbers = ", ".join(f'"{number}"' for number in range(BESIDE))
        program.write_text(PROGRAM.format(folder=folder, alone=ALONE, beside=BESIDE, numbers=numbers))
        done = subprocess.run([*NCD, str(program)], stdout=subprocess.PIPE, check=True, timeout=120)
    first, middle, last = (int(word) / 1000 for word in done.stdout.split())
    return {
        "one_by_one": ALONE,
        "one_by_one_per_s": round(ALONE / (middle - first)),
        "side_by_side": BESIDE,
        "side_by_side_per_s": round(BESIDE / (last - middle)),
    }


if __name__ == "__main__":
    import json

    began = time.monotonic()
    print(json.dumps({**measure(), "seconds": round(time.monotonic() - began, 1)}, indent=2))
