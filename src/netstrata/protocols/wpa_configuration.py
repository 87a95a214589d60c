"""The configuration of a wpa_supplicant that authenticates one link to one network.

A value stands between quotes as it is: to wpa_supplicant the last quote of its line ends it, and no # in it begins a
comment.  Source: wpa_supplicant.conf(5); wpa_supplicant/config.c (what is not quoted is hexadecimal).
"""

from netstrata.contract.options import Options
from netstrata.values import Refused, joined_lines

_LINE_MOST = 1998  # bytes without the line feed: wpa_supplicant 2.10 leaves out what is behind them

_QUOTED = ("identity", "anonymous_identity", "password", "phase2", "ca_cert", "client_cert", "private_key",
           "private_key_passwd")  # fmt: skip


def configuration(link: str, options: Options) -> str:
    """Return the lines of the configuration file.

    Raises: Refused if the options do not go together, or one is too long for a line.
    """
    _check(options)
    lines = [f"# Made by netstrata for the link {link}; it is written again, and removed at the end."]
    lines += ["network={"] if "ssid" in options else ["ap_scan=0", "network={"]
    if "ssid" in options:
        lines.append(f"\tssid={options['ssid'].hex()}")
    lines.append(f"\tkey_mgmt={_key_management(options)}")
    if "ssid" not in options:
        lines.append("\teapol_flags=0")
    if "psk" in options:
        is_key = len(options["psk"]) == 64
        lines.append(f"\tpsk={_text(options['psk'])}" if is_key else f'\tpsk="{_text(options["psk"])}"')
    if options.get("key_mgmt") == b"SAE":
        lines.append("\tieee80211w=2")
    if "eap" in options:
        lines.append(f"\teap={_text(options['eap'])}")
    lines += [f'\t{name}="{_text(options[name])}"' for name in _QUOTED if name in options]
    if "bssid" in options:
        lines.append(f"\tbssid={options['bssid'].hex(':')}")
    if options.get("hidden"):
        lines.append("\tscan_ssid=1")
    return joined_lines([*lines, "}"], _LINE_MOST)


def driver(options: Options) -> bytes:
    """Return the driver: that of a wire if no Wi-Fi network is named."""
    return b"nl80211" if "ssid" in options else b"wired"


def _check(options: Options) -> None:
    if "ssid" not in options and "eap" not in options:
        raise Refused(
            "there is nothing to authenticate with", hint="give an `ssid`, or for a wire an `eap`", argument=1
        )
    if "psk" in options and "ssid" not in options:
        raise Refused("a passphrase without a network", hint="say for which `ssid` it is", argument=1)
    if "identity" in options and "eap" not in options:
        raise Refused("an identity without a method", hint="say by which `eap` it is proven, as PEAP", argument=1)


def _key_management(options: Options) -> str:
    if "key_mgmt" in options:
        return _text(options["key_mgmt"])
    if "eap" in options:
        return "WPA-EAP" if "ssid" in options else "IEEE8021X"
    return "WPA-PSK" if "psk" in options else "NONE"


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
