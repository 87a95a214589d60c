"""What children are given: variables of the environment, and limits."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from netstrata.contract.shapes.children import ChildOptions
from netstrata.contract.shapes.limits import UNLIMITED, Limit
from netstrata.system.children import RealChildren
from netstrata.testing.heard import Heard, shell, with_children
from netstrata.values import Unavailable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start programs as somebody else")


def said_by(script: str, options: ChildOptions) -> list[str]:
    """Run a line of shell with some options, and return what it says."""

    async def act(children: RealChildren, statement: Heard) -> list[str]:
        assert await children.run(shell(script, options), terminate_on_cancel=False) == 0
        return statement.lines

    return with_children(act)


def test_variables_are_added_to_ours_and_take_the_place_of_those_of_the_same_name() -> None:
    given = {b"PLACE": b"here\xff = there", b"LANG": b"xx_XX", b"EMPTY": b""}
    script = 'echo "$PLACE"; echo "$LANG"; echo "${EMPTY-not there}"; echo "$PATH"'

    lines = said_by(script, ChildOptions(environment=given))

    assert lines == ["here\\xff = there", "xx_XX", os.environ["PATH"]]  # an empty line is not shown


@pytest.mark.parametrize("username", [None, pytest.param("nobody", marks=as_root)])
def test_limits_are_the_childs_from_its_first_instruction_and_not_ours(username: str | None) -> None:
    before = [resource.getrlimit(number) for number in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]
    limits = {"nofile": Limit(77, 99), "core": Limit(0, UNLIMITED), "as": Limit(2**30, 2**30), "cpu": Limit(9, 9)}
    script = "ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -v; ulimit -t; id -un"

    lines = said_by(script, ChildOptions(limits=limits, username=username))

    assert lines == ["77", "99", "0", str(2**20), "9", username or "root"]
    assert [resource.getrlimit(number) for number in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)] == before


def test_a_program_that_uses_up_its_processor_time_is_ended_by_the_kernel() -> None:
    async def act(children: RealChildren, statement: Heard) -> list[str]:
        asked = shell("while :; do :; done", ChildOptions(limits={"cpu": Limit(1, 1)}))
        assert await children.run(asked, terminate_on_cancel=False) == -1
        return statement.lines

    (line,) = with_children(act)
    assert line in ("/bin/sh was ended by signal 9 (SIGKILL)", "/bin/sh was ended by signal 24 (SIGXCPU)")


@contextmanager
def without_the_right_to_raise_limits() -> Iterator[None]:
    """Be nobody for a while, who may lower limits only."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@as_root
def test_a_limit_that_we_may_not_give_is_refused_by_name_with_what_we_have() -> None:
    ours = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    with without_the_right_to_raise_limits(), pytest.raises(Unavailable) as refused:
        said_by("true", ChildOptions(limits={"core": Limit(0, 0), "nofile": Limit(1, ours + 1)}))

    assert str(refused.value) == (
        f"cannot start /bin/sh: the limit nofile cannot be {ours + 1}: "
        f"the daemon's own is {ours}, and it may not give more"
    )


@as_root
def test_more_than_the_kernel_allows_anybody_is_refused() -> None:
    with pytest.raises(Unavailable, match=r"cannot start /bin/sh: the limit nofile cannot be unlimited: the daemon's"):
        said_by("true", ChildOptions(limits={"nofile": Limit(1, UNLIMITED)}))


def test_too_little_memory_to_begin_with_ends_the_program_and_not_us() -> None:
    async def act(children: RealChildren, statement: Heard) -> int:
        return await children.run(shell("true", ChildOptions(limits={"as": Limit(1, 1)})), terminate_on_cancel=False)

    assert with_children(act) in (-1, 127)
