"""For tests of commands: a control socket that no other test's daemon has."""

import pytest


@pytest.fixture(autouse=True)
def _own_control_socket(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSTRATA_CONTROL", str(tmp_path_factory.mktemp("run") / "control"))
