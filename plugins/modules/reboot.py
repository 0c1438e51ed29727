# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.reboot`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reboot
short_description: Restart a host, and wait until it has booted
version_added: 0.1.0
description:
  - Restarts the host by C(Win32Shutdown), and waits until another boot answers.
  - A boot is proven by another creation time of the process lsass.exe. The boot time that Windows tells moves with its clock, and
    is only shown.
  - A host that shows no such time is not restarted.
  - Nothing else in this collection restarts a host.
  - A host whose WinRM would not answer afterwards is not restarted. Windows clients from Windows 7 on come with WinRM on Manual.
options:
  accept:
    description:
      - Dangers that you accept, by id. V(winrm-start) is that WinRM, or what it depends on, does not start by itself.
    type: list
    elements: str
    choices: [winrm-start]
    default: []
  timeout:
    description:
      - How many seconds to wait for the new boot. After that the task fails and tells what was heard last.
    type: int
    default: 600
  interval:
    description:
      - How many seconds lie between two questions whether the host is there again.
    type: int
    default: 5
attributes:
  check_mode:
    description: Can show what would be done, without doing it.
    support: full
  diff_mode:
    description: Shows details of what was changed, or in check mode of what would be.
    support: none
notes:
  - The restart is forced. Programs are closed without being asked.
  - The task ends when the host answers again. Services may still be starting then; M(netmin.windows.proof_info) waits for them.
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.window
seealso:
  - module: netmin.windows.minimize
  - module: netmin.windows.proof_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Restart the host
  netmin.windows.reboot:

- name: Restart the host in the night from Saturday to Sunday, and at no other time
  netmin.windows.reboot:
    window:
      from: "22:00"
      until: "04:00"
      days: [sat]

- name: Restart a host that takes its time
  netmin.windows.reboot:
    timeout: 1800
    interval: 15
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Whether the host was restarted, or in check mode would be.
  type: bool
  returned: always
before:
  description: What tells the boot before the restart from another.
  type: dict
  returned: when the host was read
  contains:
    lsass_created:
      description: When lsass.exe was started. It differs between two boots, and does not move with the clock.
      type: str
      returned: always
    last_boot_up_time:
      description: LastBootUpTime of Win32_OperatingSystem, or V(none). It moves with the clock, and is only shown.
      type: str
      returned: always
    uptime:
      description: Seconds since the boot, as far as the clocks of the host agree. The smallest one counts.
      type: float
      returned: always
  sample:
    last_boot_up_time: '2026-03-02T07:58:05+01:00'
    lsass_created: '2026-03-02T07:58:12+01:00'
    uptime: 5231.5
after:
  description: The same after the restart. V(none) where the host did not come back in time. In check mode that before.
  type: dict
  returned: when the host was read
  contains:
    lsass_created:
      description: When lsass.exe was started. It differs between two boots, and does not move with the clock.
      type: str
      returned: always
    last_boot_up_time:
      description: LastBootUpTime of Win32_OperatingSystem, or V(none). It moves with the clock, and is only shown.
      type: str
      returned: always
    uptime:
      description: Seconds since the boot, as far as the clocks of the host agree. The smallest one counts.
      type: float
      returned: always
  sample:
    last_boot_up_time: '2026-03-02T08:21:05+01:00'
    lsass_created: '2026-03-02T08:21:40+01:00'
    uptime: 31.0
ansible_facts:
  description: When this controller saw the host come back. M(netmin.windows.proof_info) reads it in case the host's clocks
    are wrong.
  type: dict
  returned: when the host came back
stats:
  description: What the task has cost.
  type: dict
  returned: when a session was opened
  contains:
    requests:
      description: Envelopes sent, repeated ones included.
      type: int
      returned: always
    logins:
      description: Logins tried.
      type: int
      returned: always
    bytes_sent:
      description: Size of all envelopes, before encryption.
      type: int
      returned: always
    bytes_received:
      description: Size of all answers, after decryption.
      type: int
      returned: always
    seconds:
      description: Duration of the task.
      type: float
      returned: always
  sample:
    bytes_received: 61240
    bytes_sent: 41874
    logins: 1
    requests: 37
    seconds: 1.482
"""
