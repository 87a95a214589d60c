"""What a daemon lacks that may not do something."""


def takes(capability: str) -> str:
    """Return why something is not permitted: it takes a capability."""
    return f"not permitted: this takes the capability {capability} in this network namespace"


def may_change_user() -> bool:
    """Say whether a program can become nobody; as root of a user namespace made without root it cannot."""
    try:
        with open("/proc/self/setgroups", encoding="ascii") as file:
            return file.read().strip() != "deny"
    except OSError:
        return True
