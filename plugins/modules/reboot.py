# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.reboot`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: reboot
short_description: Restart a host and wait until it is back
version_added: 0.1.0
description:
  - Restarts the host with C(Win32Shutdown), and waits until it answers after the boot.
  - A new boot is proven by a new creation time of the process lsass.exe. The boot time that Windows reports moves with its clock, so it
    is shown but not used.
  - A host that does not show this creation time is not restarted.
  - A host that would not answer over WinRM after the restart is not restarted. On Windows 7 and later clients, for example, the default
    start mode of WinRM is manual.
  - No other module of this collection restarts a host. A host that rolls a run back under C(confirm) may restart by itself.
options:
  accept:
    description:
      - V(winrm-start) restarts the host although WinRM, or a service it depends on, does not start by itself.
    type: list
    elements: str
    choices: [winrm-start]
    default: []
  timeout:
    description:
      - Seconds to wait for the new boot. After that, the task fails and reports the last error.
    type: int
    default: 600
  interval:
    description:
      - Seconds between checks for whether the host is back.
    type: int
    default: 5
attributes:
  check_mode:
    description: Can show what would be done without doing it.
    support: full
  diff_mode:
    description: Shows what was changed, or in check mode what would be changed.
    support: none
notes:
  - The restart is forced. Programs are closed without asking.
  - The task ends when the host answers again. Services may still be starting; M(netmin.windows.proof_info) waits for them.
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

- name: Restart the host only in the night from Saturday to Sunday
  netmin.windows.reboot:
    window:
      from: "22:00"
      until: "04:00"
      days: [sat]

- name: Restart a slow host
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
  description: What identifies the boot before the restart.
  type: dict
  returned: when the host was read
  contains:
    lsass_created:
      description: When lsass.exe was started. It differs between two boots and does not move with the clock.
      type: str
      returned: always
    last_boot_up_time:
      description: LastBootUpTime of Win32_OperatingSystem, or V(none). It moves with the clock, so it is only shown.
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
  description: What identifies the boot after the restart. V(none) if the host did not come back in time. In check mode, the
    same as RV(before).
  type: dict
  returned: when the host was read
  contains:
    lsass_created:
      description: When lsass.exe was started. It differs between two boots and does not move with the clock.
      type: str
      returned: always
    last_boot_up_time:
      description: LastBootUpTime of Win32_OperatingSystem, or V(none). It moves with the clock, so it is only shown.
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
  description: What the task cost.
  type: dict
  returned: when a session was opened
  contains:
    requests:
      description: Requests sent, including repeated ones.
      type: int
      returned: always
    logins:
      description: Logins attempted.
      type: int
      returned: always
    bytes_sent:
      description: Size of all requests, before encryption.
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
    at:
      description: When the task ended, by the controller's clock, in ISO 8601 and UTC.
      type: str
      returned: always
    captured_at:
      description: When the capture was made that stood for the host, in ISO 8601 and UTC; V(none) of a host itself.
      type: str
      returned: always
  sample:
    at: '2026-01-01T22:00:41+00:00'
    bytes_received: 61240
    bytes_sent: 41874
    captured_at: null
    logins: 1
    requests: 37
    seconds: 1.482
"""
