"""What a daemon lacks that may not do something."""


def takes(capability: str) -> str:
    """Return why something is not permitted: it takes a capability."""
    return f"not permitted: this takes the capability {capability} in this network namespace"
