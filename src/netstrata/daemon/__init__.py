"""Everything wired together and kept running: program, engine, ports, clock, signals."""
