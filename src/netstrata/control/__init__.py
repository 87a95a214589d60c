"""The control API: its messages as bytes, its interface, and its verbs; no sockets."""
