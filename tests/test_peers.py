"""The programs that ./check unpacks for tests run here, whatever Debian they came from."""

import subprocess
from pathlib import Path

import pytest

from tests.kernel.backends.test_wpa_supplicant import peer


# Debian 12 has them, and lib, below /; Debian 13 below /usr, with other names of the libraries of kea.
@pytest.mark.parametrize(
    ("package", "path", "says"),
    [
        ("wpasupplicant", "usr/sbin/wpa_supplicant", "wpa_supplicant v2."),
        ("wpasupplicant", "usr/sbin/wpa_cli", "wpa_cli v2."),
        ("hostapd", "usr/sbin/hostapd", "hostapd v2."),
        ("kea-dhcp4-server", "usr/sbin/kea-dhcp4", "2."),
    ],
)
def test_an_unpacked_program_finds_its_libraries(tmp_path: Path, package: str, path: str, says: str) -> None:
    program = peer(tmp_path, package, path)

    done = subprocess.run([program, "-v"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    assert done.stdout.startswith(says)
