"""Statements of other people's packages: those of docs/extending.md, installed by pip."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
FILES = dict(re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))
PROGRAM = 'process main { jumbo.payload("9000") p; println(p); exit("0"); }'


def wheel(folder: Path, files: dict[str, str]) -> Path:
    """Make a wheel of a package as a build tool makes it of `pyproject.toml`."""
    project = tomllib.loads(files["pyproject.toml"])["project"]
    title = f"{project['name'].replace('-', '_')}-{project['version']}"
    contents = {path: text for path, text in files.items() if "/" in path}
    package = next(iter(contents)).partition("/")[0]
    contents[f"{package}/__init__.py"] = ""
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in named.items())
        for group, named in project["entry-points"].items()
    )
    contents[f"{title}.dist-info/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    contents[f"{title}.dist-info/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents[f"{title}.dist-info/entry_points.txt"] = points
    record = f"{title}.dist-info/RECORD"
    contents[record] = "".join(f"{path},,\n" for path in (*contents, record))
    made = folder / f"{title}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
    return made


def installed(folder: Path, files: dict[str, str]) -> Path:
    """Install a package; return where."""
    where = folder / "installed"
    words = ["install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check", "--target", str(where)]
    subprocess.run([sys.executable, "-m", "pip", *words, str(wheel(folder, files))], check=True, timeout=120)
    return where


def python(where: Path, *words: str, folder: Path) -> tuple[int, str, str]:
    """Run a module of Python with what is installed there."""
    environment = {**os.environ, "PYTHONPATH": str(where), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *words],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def jumbo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package of the documentation."""
    return installed(tmp_path_factory.mktemp("jumbo"), FILES)


def test_a_program_runs_a_statement_of_an_installed_package(jumbo: Path, tmp_path: Path) -> None:
    (tmp_path / "it.ncd").write_text(PROGRAM)

    code, printed, told = python(jumbo, "netstrata", "run", "--control", "none", "it.ncd", folder=tmp_path)

    assert (code, printed) == (0, "8960\n"), told
    assert "jumbo.payload it.ncd:1:16 down -> up value=8960" in told


def test_the_manual_has_the_statements_of_an_installed_package(jumbo: Path, tmp_path: Path) -> None:
    code, page, _ = python(jumbo, "netstrata", "doc", "jumbo.link", folder=tmp_path)

    assert code == 0
    assert page.startswith("jumbo.link(link)")
    assert "Hold a link at an MTU of 9000 bytes" in page
    _, index, _ = python(jumbo, "netstrata", "doc", folder=tmp_path)
    assert "jumbo.link" in index
    assert "jumbo.payload" in index


def test_what_an_installed_package_says_of_its_arguments_is_checked(jumbo: Path, tmp_path: Path) -> None:
    (tmp_path / "it.ncd").write_text('process main { jumbo.payload("9") p; jumbo.lnik("eth0"); jumbo.link("a/b"); }')

    code, _, wrong = python(jumbo, "netstrata", "check", "it.ncd", folder=tmp_path)

    assert code == 2
    assert "expected an MTU" in wrong
    assert "there is no statement `jumbo.lnik`" in wrong
    assert "did you mean `jumbo.link`?" in wrong
    assert "expected a link: its name or an alternative name" in wrong


def test_the_test_of_the_documentation_passes(jumbo: Path, tmp_path: Path) -> None:
    (tmp_path / "test_jumbo.py").write_text(FILES["test_jumbo.py"])

    code, told, _ = python(jumbo, "pytest", "-q", "-p", "no:cacheprovider", "test_jumbo.py", folder=tmp_path)

    assert code == 0, told
    assert "2 passed" in told


def test_without_the_package_there_is_no_such_statement(tmp_path: Path) -> None:
    (tmp_path / "it.ncd").write_text(PROGRAM)

    code, _, wrong = python(tmp_path, "netstrata", "check", "it.ncd", folder=tmp_path)

    assert code == 2
    assert "there is no statement `jumbo.payload`" in wrong


def test_a_package_that_cannot_be_loaded_says_why_and_keeps_nobody_from_running(tmp_path: Path) -> None:
    files = {**FILES, "netstrata_jumbo/payload.py": 'raise OSError("the disk is gone")\n'}
    where = installed(tmp_path, files)
    (tmp_path / "it.ncd").write_text(PROGRAM)
    (tmp_path / "other.ncd").write_text(
        'process main { jumbo.link("eth0"); }\nprocess other { println("on"); exit("0"); }'
    )

    code, _, wrong = python(where, "netstrata", "check", "it.ncd", folder=tmp_path)

    assert code == 2
    assert "there is no statement `jumbo.payload`" in wrong
    assert "help: the package netstrata-jumbo cannot be loaded: OSError: the disk is gone" in wrong
    _, _, wrong = python(where, "netstrata", "doc", "jumbo.payload", folder=tmp_path)
    assert "help: the package netstrata-jumbo cannot be loaded: OSError: the disk is gone" in wrong
    assert python(where, "netstrata", "doc", "jumbo.link", folder=tmp_path)[0] == 0
    assert python(where, "netstrata", "check", "other.ncd", folder=tmp_path)[0] == 0


def test_of_two_packages_that_take_the_same_word_one_is_looked_at_and_the_other_one_is_told(tmp_path: Path) -> None:
    other = {"pyproject.toml": FILES["pyproject.toml"], "netstrata_huge/size.py": ""}
    other["pyproject.toml"] = other["pyproject.toml"].replace("netstrata-jumbo", "netstrata-huge")
    other["pyproject.toml"] = other["pyproject.toml"].replace('= "netstrata_jumbo"', '= "netstrata_huge"')
    first = installed(tmp_path, FILES)
    (tmp_path / "second").mkdir()
    second = installed(tmp_path / "second", other)
    (tmp_path / "it.ncd").write_text('process main { jumbo.link("eth0"); jumbo.size(); }')

    both = Path(f"{first}:{second}")
    code, _, wrong = python(both, "netstrata", "check", "it.ncd", folder=tmp_path)

    assert code == 2
    assert "no statement `jumbo.link`" not in wrong
    told = "statements named jumbo.… are of the package netstrata-jumbo; those of netstrata-huge are not looked at"
    assert f"help: {told}" in wrong


def test_nothing_is_looked_for_while_a_program_names_what_we_have(jumbo: Path, tmp_path: Path) -> None:
    """Looking for packages takes 20 ms, which a program without any must not pay."""
    (tmp_path / "it.ncd").write_text(
        'process main { net.mtu("eth0", "1400"); call("t", {}); } template t { _caller.x->set("1"); }'
    )
    (tmp_path / "look.py").write_text(
        "import sys\n"
        "from netstrata.cli import main\n"
        "sys.argv = ['netstrata', 'check', 'it.ncd']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print([name for name in sys.modules if name.startswith(('importlib.metadata', 'netstrata_jumbo'))])\n"
    )

    _, printed, _ = python(jumbo, "look", folder=tmp_path)

    assert printed == "it.ncd: nothing wrong\n[]\n"


def test_our_own_statements_go_before_those_of_packages(tmp_path: Path) -> None:
    point = 'num_add = "netstrata_jumbo"\nnet = "netstrata_jumbo"'
    files = {
        "pyproject.toml": FILES["pyproject.toml"].replace('jumbo = "netstrata_jumbo"', point),
        "netstrata_jumbo/mtu.py": FILES["netstrata_jumbo/payload.py"].replace("jumbo.payload", "net.mtu"),
    }
    where = installed(tmp_path, files)

    _, page, _ = python(where, "netstrata", "doc", "net.mtu", folder=tmp_path)

    assert page.startswith("net.mtu(link, size)")
