"""Statements, structures and functions are found where they are: nothing lists them, and nothing is loaded in vain."""

import subprocess
import sys
from pathlib import Path

import pytest

from netstrata.contract import check_path
from netstrata.contract.shapes.common import TEXT
from netstrata.engine.process import Statement
from netstrata.engine.structure import STRUCTURES, function, gives, structure

STRUCTURE = '''
from netstrata.contract.shapes.common import TEXT
from netstrata.engine.structure import function, structure, takes
from netstrata.engine.structures.values.variables import Var

structure("wish", Var, takes(("text", TEXT)), """Wish for something.

    Example:
        wish("rain");
    """)
'''
FUNCTION = '''
from netstrata.contract.shapes.common import TEXT
from netstrata.engine.structure import function, takes

function("shout", lambda values: values[0].upper(), takes(("text", TEXT)), """Say it louder.

    Example:
        println(@shout("rain"));  # RAIN
    """, TEXT)
'''
STATEMENT = '''
from netstrata.contract import computes
from netstrata.contract.shapes.common import Text

@computes("weather.tomorrow")
def tomorrow(today: Text) -> Text:
    """Say how the weather will be.

    Example:
        weather.tomorrow("rain") it;
        println(it);  # rain
    """
    return today
'''


def python(code: str) -> str:
    """Run code in a Python of its own."""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_new_file_in_a_room_is_all_that_a_new_statement_structure_or_function_takes(tmp_path: Path) -> None:
    for room, path, text in (
        ("engine.structures", "skies/wishing.py", STRUCTURE),
        ("engine.functions", "voices.py", FUNCTION),
        ("statements", "weather/tomorrow.py", STATEMENT),
    ):
        file = tmp_path / room / path
        file.parent.mkdir(parents=True)
        file.write_text(text)

    printed = python(f"""if True:
        import netstrata.engine.functions, netstrata.engine.structures, netstrata.statements
        for room in (netstrata.engine.functions, netstrata.engine.structures, netstrata.statements):
            room.__path__.append("{tmp_path}/" + room.__name__.removeprefix("netstrata."))
        from netstrata.testing.play import Play
        print(Play('process main {{ wish("rain") w; weather.tomorrow(w) t; println(@shout(t)); }}').output)
    """)

    assert printed == "RAIN\n\n"


def test_a_program_loads_what_it_names_and_no_more(tmp_path: Path) -> None:
    program = tmp_path / "it.ncd"
    program.write_text(
        'process main { net.mtu("eth0", "1400"); list("a") l; call("t", {}); } template t { _caller.l->shift(); }'
    )

    loaded = python(f"""if True:
        import sys
        from netstrata.cli import main
        sys.argv = ["netstrata", "check", {str(program)!r}]
        try:
            main()
        finally:
            for name in sorted(sys.modules):
                if name.startswith(("netstrata.statements.", "netstrata.engine.objects.", "importlib.metadata")):
                    print(name)
    """)

    assert loaded.splitlines() == [
        f"{program}: nothing wrong",
        "netstrata.statements.net",
        "netstrata.statements.net.mtu",
    ]


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("net.mtu", "room.net.mtu"),
        ("not", "room.not_"),
        ("num_add", "room.num"),
        ("sys.socket::read", "room.sys.socket"),
        ("sys.request_server.request::reply", "room.sys.request_server"),
        ("anything", "elsewhere.whatever"),
    ],
)
def test_a_name_is_its_path_or_shares_the_file_of_its_family(name: str, module: str) -> None:
    check_path(name, module, "room.")


@pytest.mark.parametrize(
    ("name", "module"),
    [("net.mtu", "room.net.mtus"), ("net.mtu", "room.net"), ("sys.socket::read", "room.sys.connect")],
)
def test_a_declaration_in_a_file_that_is_not_its_path_is_refused(name: str, module: str) -> None:
    with pytest.raises(TypeError, match="its name must be its path"):
        check_path(name, module, "room.")


def test_a_structure_declares_itself_once_and_with_an_example() -> None:
    with pytest.raises(TypeError, match="var is declared twice"):
        structure("var", Statement, (), "Example:")
    with pytest.raises(TypeError, match="ifel is declared twice"):
        function("ifel", lambda values: values[0], (), "Example:", TEXT)
    with pytest.raises(TypeError, match="test_only has no example"):
        structure("test_only", Statement, (), "Do something.", gives(value_=TEXT))
    assert "test_only" not in STRUCTURES
