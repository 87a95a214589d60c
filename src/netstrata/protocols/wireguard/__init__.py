"""WireGuard without IO: devices and peers, the two ways to talk about them, and what handshakes mean.

`netlink` is what the kernel understands, `uapi` what a program in user space does.  Both read and write the same
devices and changes, which are in `device`.  `configuration` is a file of wg(8) and wg-quick(8).
"""
