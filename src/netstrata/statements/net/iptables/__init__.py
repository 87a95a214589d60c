"""IPv4 packet filter rules, by the program iptables."""
