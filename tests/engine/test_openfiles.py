"""file_open and its methods, where the cases of NCD do not look."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.engine.live import Live


def played(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(act())


def run_through(text: str, folder: Path) -> Live:
    found: list[Live] = []

    async def act() -> None:
        live = Live(text, folder)
        found.append(live)
        await live.ended()
        assert live.left_open() == []

    played(act)
    return found[0]


def test_a_path_that_is_no_utf8_is_opened_by_its_bytes(tmp_path: Path) -> None:
    live = run_through(
        r"""process main {
            file_open("FOLDER/\xff\xfe", "w") f;
            f->write("x");
            f->close();
            file_stat("FOLDER/\xff\xfe") s;
            println(s.type, " ", s.size);
        }""",
        tmp_path,
    )

    assert live.output == "file 1\n"


def test_a_write_is_seen_by_others_when_it_is_much(tmp_path: Path) -> None:
    live = run_through(
        """process main {
            value("0123456789abcdef") big;
            Foreach ({"1", "2", "3", "4", "5", "6", "7"} As n) { big->append(big); };
            file_open("FOLDER/f", "w") f;
            f->write(big);
            file_stat("FOLDER/f") before;
            f->write(big);
            file_stat("FOLDER/f") after;
            println(before.size, " ", after.size);
        }""",
        tmp_path,
    )

    assert live.output == "0 4096\n"


def test_what_is_held_back_is_written_when_the_statement_goes(tmp_path: Path) -> None:
    run_through('process main { file_open("FOLDER/f", "w") f; f->write("kept"); }', tmp_path)

    assert (tmp_path / "f").read_text() == "kept"


def test_a_seek_in_what_has_no_positions_is_an_error_of_the_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    live = run_through(
        """process main {
            sys.connect({"device", "FOLDER/p"}) so_that_opening_does_not_wait;
            file_open("FOLDER/p", "r") f;
            println("error ", f.is_error);
            If (@not(f.is_error)) { f->seek("0", "set"); };
        }""",
        tmp_path,
    )

    assert live.output == "error false\nerror true\n"


def test_an_open_file_can_be_read_where_others_write(tmp_path: Path) -> None:
    live = run_through(
        """process main {
            file_write("FOLDER/f", "one");
            file_open("FOLDER/f", "r+") f;
            f->read() first;
            f->write(" two");
            f->seek("0", "set");
            f->read() all;
            println(first, ", ", all);
        }""",
        tmp_path,
    )

    assert live.output == "one, one two\n"
