"""The text of one process, edited over the socket: its base, its secrets, its mistakes, and plans of it."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.daemons import Started

from netstrata.control.errors import Refusal
from netstrata.testing.child import wait_until

ONE = """process one {
    # Nobody may know.
    secret("correct horse") first;
    println("+one");
}"""
TWO = """process two {
    secret("battery staple") first;
    secret("four-words") second;
    println("+two");
}"""
PROGRAM = f"{ONE}\n{TWO}\nprocess other {{ println('+other'); }}\n".replace("'", '"')


@pytest.fixture
def daemon(tmp_path: Path) -> Any:
    with Started(tmp_path, PROGRAM) as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 3)
        yield daemon


def printed(daemon: Started) -> list[str]:
    return [line for line in daemon.log.read_text().splitlines() if line[:1] == "+"]


def shown(daemon: Started, process: str) -> str:
    return str(daemon.connect().call("Text", process=process)["text"])


def replace(daemon: Started, process: str, text: str, **more: Any) -> dict[str, Any]:
    return daemon.connect().call("Replace", process=process, text=text, **more)


def refused(daemon: Started, process: str, text: str, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        replace(daemon, process, text, **more)
    return caught.value


def test_a_text_is_replaced_only_if_it_is_the_one_that_was_edited(daemon: Started) -> None:
    told = daemon.connect().call("Text", process="other")
    replace(daemon, "other", 'process other { println("+somebody else\'s"); }', base=told["base"])

    refusal = refused(daemon, "other", 'process other { println("+mine"); }', base=told["base"])

    assert (refusal.name, refusal.parameters) == ("OtherText", {"process": "other"})
    assert printed(daemon)[3:] == ["+somebody else's"]
    now = daemon.connect().call("Text", process="other")
    assert (told["loaded"], now["loaded"]) == (False, True)
    replace(daemon, "other", 'process other { println("+mine"); }', base=now["base"])
    assert printed(daemon)[4:] == ["+mine"]
    assert refused(daemon, "none", "process none {}").name == "NoSuchProcess"


def test_comments_around_a_process_that_is_replaced_are_kept_and_it_is_part_of_the_source(daemon: Started) -> None:
    text = '# Why it is here.\nprocess other { println("+other"); } # and so on'

    assert replace(daemon, "other", text)["changed"] is False

    assert shown(daemon, "other") == text
    files = daemon.connect().call("Source")["files"]
    assert files["<replace> (other)"] == text
    assert 'process other { println("+other"); }' in daemon.connect().call("Program")["text"]


def test_secrets_that_are_not_shown_keep_their_places_in_a_text_that_was_edited(daemon: Started) -> None:
    text = shown(daemon, "one")
    assert '    secret("********") first;' in text
    told = text.replace("may know", "must know").replace("+one", "+more")

    assert [step["name"] for step in replace(daemon, "one", told, plan=True)["steps"]] == ["println", "println"]
    replace(daemon, "one", told.replace("    secret", "\tsecret"))

    assert printed(daemon)[3:] == ["+more"]
    moved = told.replace('secret("********") first', 'secret("********") renamed')
    assert [step["name"] for step in replace(daemon, "one", moved, plan=True)["steps"]][:1] == ["println"]
    state = daemon.log.parent / "state"
    wait_until("what is kept", lambda: any(state.rglob("2")))
    kept = next(state.rglob("2")).read_text()
    assert "correct horse" in kept
    assert "********" not in kept


def test_a_mask_that_may_be_one_of_several_secrets_is_refused_where_it_stands(daemon: Started) -> None:
    lines = shown(daemon, "two").split("\n")
    assert replace(daemon, "two", "\n".join([*lines[:2], '    println("+new");', *lines[2:]]), plan=True)["changed"]
    swapped = "\n".join([lines[0], lines[2], lines[1], *lines[3:]])
    replace(daemon, "two", swapped)
    assert replace(daemon, "two", swapped)["changed"] is False

    refusal = refused(daemon, "two", swapped.replace("second", "changed"))

    assert refusal.name == "Refused"
    assert refusal.parameters["mistakes"] == [
        {
            "text": "which secret this ******** stands for is not known here",
            "hint": "write the secret itself, or leave the line as it was shown.",
            "file": "<replace>",
            "line": 2,
            "column": 12,
        }
    ]
    masked = 'process new { secret("********") s; }'
    with pytest.raises(Refusal, match="Refused"):
        daemon.connect().call("Load", text=masked)
    daemon.connect().call("Load", text=masked.replace("secret(", "# ******** \n println(").replace("********", "*", 2))


def test_what_is_wrong_is_told_with_its_places(daemon: Started) -> None:
    text = 'process other {\n    println("a");\n    var(["k": "1", "k": "2"]) map;\n    depend(;\n}'

    found = refused(daemon, "other", text, plan=True).parameters

    assert [(one["line"], one["column"]) for one in found["mistakes"]] == [(4, 12)]
    found = refused(daemon, "other", text.replace("depend(;", ""), plan=True).parameters
    assert [(one["line"], one["column"]) for one in found["mistakes"]] == [(3, 20)]
    assert found["mistakes"][0]["text"] == "this key is in the map already"
    assert found["mistakes"][0]["file"] == "<replace> (other)"


def test_nothing_of_a_text_that_is_refused_is_in_the_log_nor_that_a_plan_was(daemon: Started) -> None:
    text = 'process one { secret("brand new secret") s; depend(; }'

    refused(daemon, "one", text, plan=True)
    assert "refused" not in daemon.log.read_text()
    refused(daemon, "one", text)

    wait_until("the refusal", lambda: "Refused, Replace{'process': 'one'}" in daemon.log.read_text())
    assert "brand new" not in daemon.log.read_text()


def test_what_a_plan_holds_secret_is_not_kept_from_anybody_afterwards(daemon: Started) -> None:
    text = 'process one { secret("println") s; secret("correct horse") first; }'

    planned = replace(daemon, "one", text, plan=True)

    assert [step["text"] for step in planned["steps"] if step["what"] == "begun"] == ["secret(…)", "secret(…)"]
    assert "println" in shown(daemon, "one")
    assert "correct horse" not in shown(daemon, "one")


def test_plans_keep_nobody_from_changing_the_program(tmp_path: Path) -> None:
    with Started(tmp_path, 'process one { println("+one"); }\n', "--quiet") as daemon:
        wait_until("it", lambda: printed(daemon) == ["+one"])
        os.mkfifo(tmp_path / "more.ncd")  # takes for ever to be read
        (tmp_path / "program.ncd").write_text('include "more.ncd"\n')
        found: list[str] = []
        connection = daemon.connect()

        def plan() -> None:
            with pytest.raises(Refusal) as caught:
                connection.call("Plan")
            found.append(caught.value.name)

        thread = threading.Thread(target=plan)
        thread.start()
        with open(tmp_path / "more.ncd", "w") as writing:  # opens once it is being read
            replace(daemon, "one", 'process one { println("+two"); }', confirm=60)
            daemon.connect().call("Confirm")
            writing.write("process three {}\n")
        thread.join(60)

        assert printed(daemon) == ["+one", "+two"]
        assert found == ["Busy"]  # what it was compared with is no more


def test_only_the_program_that_was_meant_is_confirmed(daemon: Started) -> None:
    with pytest.raises(Refusal, match="NothingAwaited"):
        daemon.connect().call("Confirm")
    replace(daemon, "other", 'process other { println("+new"); }', confirm=60)
    told = daemon.connect().call("Confirmation")
    assert (told["runs"]["number"], told["runs"]["why"]) == (told["awaited"]["version"], "replace other")

    with pytest.raises(Refusal, match="NothingAwaited"):
        daemon.connect().call("Confirm", version=77)
    daemon.connect().call("Confirm", version=told["awaited"]["version"])

    assert "awaited" not in daemon.connect().call("Confirmation")


def test_who_asks_is_told_what_he_may_do(daemon: Started) -> None:
    verbs = daemon.connect().call("Allowed")["verbs"]

    assert {"Status", "Restart", "Replace", "Confirm"} <= set(verbs)
