"""What tests of statements stand on: a network of hosts on this machine, and what the kernel says about it."""
