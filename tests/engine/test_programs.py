"""sys.start_process and its pipes, with real programs."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.engine.live import Live

from netstrata.system.children import RealChildren, StopTimeout
from netstrata.system.output.standard_output import StandardOutput
from netstrata.system.ports import SystemPorts
from netstrata.testing.child import wait_until


def played(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(act())


def test_a_full_pipe_stops_only_who_writes_to_it(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(
            """process main {
                value("0123456789abcdef") big;
                Foreach ({"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14"} As n) {
                    big->append(big);
                };
                sys.start_process({"/bin/sh", "-c", "read go <FOLDER/go; exec wc -c"}, "rw") p;
                p->write_pipe() w;
                p->read_pipe() r;
                println("writing");
                w->write(big);
                println("written");
                w->close();
                r->read() count;
                print("counted ", count);
            }
            process other { sleep("10"); println("others go on"); }""",
            tmp_path,
        )
        await live.until_printed("writing")
        live.pass_time(10)
        assert live.output.splitlines() == ["writing", "others go on"]

        (tmp_path / "go").write_text("go\n")

        await live.until_printed("counted 262144")
        await live.ended()
        assert live.left_open() == []

    os.mkfifo(tmp_path / "go")
    played(act)


def test_bytes_that_are_no_text_go_through_a_program_unchanged(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(
            r"""process main {
                sys.start_process({"/bin/cat"}, "rw") p;
                p->write_pipe() w;
                w->write("a\x00b\xff\xfe");
                p->read_pipe() r;
                r->read() back;
                val_equal(back, "a\x00b\xff\xfe") same;
                println("same ", same);
            }""",
            tmp_path,
        )

        await live.until_printed("same true")

        await live.ended()
        assert live.left_open() == []

    played(act)


def test_an_idle_pipe_whose_reader_is_gone_is_no_error_until_it_is_written_to(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(
            """process main {
                sys.start_process({"/bin/true"}, "w") p;
                p->write_pipe() w;
                println("error ", w.is_error);
                If (w.is_error) { exit("0"); };
                p->wait() end;
                println("ended ", end.exit_status);
                sleep("10");
                w->write("x");
            }""",
            tmp_path,
        )
        await live.until_printed("ended 0")
        await live.settled()
        assert live.output.splitlines() == ["error false", "ended 0"]

        live.pass_time(10)

        await live.until_printed("error true")
        await live.until(lambda: live.engine.stopped)
        assert live.left_open() == []

    played(act)


def test_waits_of_other_processes_outlive_the_program(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(
            """process main {
                process_manager() m;
                m->start("p", "starter", {});
                sleep("10");
                m->stop("p");
                sleep("10");
                println("end");
            }
            template starter {
                sys.start_process({"/bin/sleep", "1000"}, "") p;
                spawn("waiter", {});
            }
            template waiter { _caller.p->wait() w; println("status ", w.exit_status); }""",
            tmp_path,
        )

        live.pass_time(10)
        await live.until(lambda: live.engine.alive == 1)
        live.pass_time(10)

        assert live.output == "end\n"
        await live.ended()
        assert live.left_open() == []

    played(act)


def test_two_hundred_programs_leave_no_descriptor_and_no_task(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(
            """process main {
                var("0") n;
                backtrack_point() again;
                sys.start_process({"/bin/echo", "hello"}, "rw") p;
                p->read_pipe() r;
                r->read() text;
                p->wait();
                n->set(@num_add(n, "1"));
                If (@num_lesser(n, "200")) { again->go(); };
                println("all of them");
            }""",
            tmp_path,
        )
        await live.until_printed("all of them")

        assert len(live.left_open()) <= 8  # of the last one, and the loop's own
        await live.ended()
        assert live.left_open() == []
        assert len(asyncio.all_tasks()) == 1

    played(act)


STUBBORN = """process main {
    var("cd FOLDER; trap 'touch asked' TERM; touch ready; while :; do sleep 0.01; done") script;
    sys.start_process({"/bin/sh", "-c", script}, ""OPTIONS) p;
    println("started");
}"""


def stubborn(folder: Path, options: str) -> Live:
    """Start a program that ignores SIGTERM, where the daemon waits only for an instant before it kills."""
    ports = SystemPorts(StandardOutput())
    ports.__dict__["children"] = RealChildren(StandardOutput(), logs=False, stop_timeout=StopTimeout(0.05))
    live = Live(STUBBORN.replace("OPTIONS", options), folder, ports)
    wait_until("the program's trap", (folder / "ready").exists)
    return live


@pytest.mark.parametrize("options", ["", ', ["deinit_kill_time": ""]', ', ["term_on_deinit": "true"]'])
def test_a_program_that_ignores_sigterm_does_not_hold_the_daemon_up(options: str, tmp_path: Path) -> None:
    async def act() -> None:
        live = stubborn(tmp_path, options)

        await live.ended()

        assert "main.2 sys.start_process dying -> gone" in live.log
        assert live.left_open() == []

    played(act)


def test_a_program_that_is_never_to_be_killed_is_waited_for(tmp_path: Path) -> None:
    async def act() -> None:
        others = children_of_ours()
        live = stubborn(tmp_path, ', ["deinit_kill_time": "never"]')
        [pid] = children_of_ours() - others

        live.end()
        wait_until("its SIGTERM", (tmp_path / "asked").exists)
        await asyncio.sleep(0.2)  # four times what the daemon would wait

        assert not live.engine.stopped
        os.kill(pid, signal.SIGKILL)
        await live.until(lambda: live.engine.stopped)

    played(act)


def children_of_ours() -> set[int]:
    """Return the ids of our children."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(word) for task in tasks for word in (task / "children").read_text().split()}
