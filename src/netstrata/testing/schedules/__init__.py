"""Random schedules over the model kernel: programs, what others do meanwhile, faults; and what must hold of each."""
