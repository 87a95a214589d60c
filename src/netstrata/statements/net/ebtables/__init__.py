"""bridge packet filter rules, by the program ebtables."""
