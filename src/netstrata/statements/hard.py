"""hard_reboot, hard_poweroff: the end of it all."""

from netstrata.contract import acts
from netstrata.ports import Ports


@acts("hard_reboot")
def hard_reboot(ports: Ports) -> None:
    """Reboot the machine at once: nothing is undone, no file system is written.

    Example:
        sleep("3600000");
        hard_reboot();

    Source: reboot(2), LINUX_REBOOT_CMD_RESTART; NCD, hard_reboot.
    """
    ports.machine.reboot()


@acts("hard_poweroff")
def hard_poweroff(ports: Ports) -> None:
    """Switch the machine off at once: nothing is undone, no file system is written.

    Example:
        sleep("3600000");
        hard_poweroff();

    Source: reboot(2), LINUX_REBOOT_CMD_POWER_OFF; NCD, hard_poweroff.
    """
    ports.machine.power_off()
