"""For all tests: what a busy machine must not make of them."""

from hypothesis import HealthCheck, settings

# An example that takes long, or is made slowly, says how busy the machine is, and nothing of us.
settings.register_profile("exploring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples each time, so that what a change did not break stays green.
settings.register_profile("patient", settings.get_profile("exploring"), derandomize=True)
settings.load_profile("patient")
