"""IPv6 packet filter rules, by the program ip6tables."""
