"""The web console: a process of its own, without privilege; a client of the control API, and a server on loopback."""
