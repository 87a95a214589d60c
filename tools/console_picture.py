#!/usr/bin/env python3
"""Takes the picture of the web console in README: a lab, a daemon, a console, and a browser without a screen.

tools/console_picture.py [FILE] docs/console.png; needs what the tests of the console need, and the font Inter
"""

import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE), str(HERE / "src")]

from tests.console.browser import Browser  # noqa: E402

from netstrata.cli.demo.network import Network  # noqa: E402
from netstrata.testing.child import wait_until  # noqa: E402

PROGRAM = """process wired {
    net.backend.waitdevice("eth0");
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv4.dhcp("eth0") lease;
    net.ipv4.addr("eth0", lease.cidr_addr);
    var("eth0") link;
    var(lease.gateway) gateway;
    multiprovide("NET-wired");
}

process wireless {
    net.backend.waitdevice("wlan0");
    net.up("wlan0");
    net.backend.waitlink("wlan0");
    net.ipv4.dhcp("wlan0") lease;
    net.ipv4.addr("wlan0", lease.cidr_addr);
    var("wlan0") link;
    var(lease.gateway) gateway;
    multiprovide("NET-wireless");
}

process mobile {
    net.backend.waitdevice("wwan0");
    net.up("wwan0");
    net.backend.waitlink("wwan0");
    net.ipv4.dhcp("wwan0") lease;
    net.ipv4.addr("wwan0", lease.cidr_addr);
    multiprovide("NET-mobile");
}

process default {
    multidepend({"NET-wired", "NET-wireless", "NET-mobile"}) uplink;
    net.dns({"192.0.2.1"}, "20");
    net.ipv4.route("0.0.0.0/0", uplink.gateway, "20", uplink.link);
    provide("INTERNET");
}

process lan {
    net.bridge("lan");
    net.up("lan");
    net.ipv4.addr("lan", "203.0.113.129/26");
    net.dnsmasq("lan", ["range": {"203.0.113.130", "203.0.113.180"}, "lease_time": "3600"]);
    provide("LAN");
}

process share {
    depend("LAN");
    depend("INTERNET");
    net.nft.table("ip", "share");
    net.nft.chain("ip", "share", "out", ["type": "nat", "hook": "postrouting", "priority": "srcnat"]);
    net.nft.rule("ip", "share", "out", "ip saddr 203.0.113.128/26 masquerade");
    net.sysctl("net.ipv4.ip_forward", "1");
}

process office {
    on_request("office");
    require("internet") way;
    net.dummy("office0");
    net.up("office0");
    net.ipv4.addr("office0", "10.8.0.2/24");
    provide("office");
}

process internet {
    on_request("internet");
    depend("INTERNET");
    provide("internet");
}
"""


def take(path: Path) -> None:
    """Set all up, wait until it stands, and take the picture; with $SHOTS, run that script before."""
    with Network() as network, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, laptop = Path(name), network.laptop
        folder.chmod(0o755)
        (folder / "home.ncd").write_text(PROGRAM)
        laptop.run("groupadd", "--system", "--force", "netdev")
        environment = {**os.environ, "PYTHONPATH": str(HERE / "src")}
        command = [sys.executable, "-m", "netstrata"]
        control = ["--control", f"{folder}/control"]
        laptop.start([*command, "run", "--quiet", *control, str(folder / "home.ncd")], environment)
        wait_until("the control socket", (folder / "control").exists)
        console = laptop.start([*command, "console", "--port", "0", *control], environment)
        console.wait_output("open http")
        url = console.output().partition("open ")[2].split()[0]
        with Browser(folder, lambda words, files: laptop.start(words, None, files)) as browser:
            browser.size(1440, 960, 1.25)
            browser.open(url)
            browser.wait("window.netstrata?.history.ready")
            complete = "['wired', 'wireless', 'default', 'lan', 'share']"
            browser.wait(f"{complete}.every(path => netstrata.state.get(path)?.state === 'complete')")
            script = os.environ.get("SHOTS")
            if script:
                exec(Path(script).read_text(), {"browser": browser, "network": network, "time": time, "Path": Path})
            else:
                browser.run("netstrata.choose('wired', 4)")
                time.sleep(4)
                browser.picture(path)
            for line in browser.logged:
                print(line, file=sys.stderr)


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "docs" / "console.png")
