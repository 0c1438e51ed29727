# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.confirm`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: confirm
short_description: Confirm a run, so that the host does not roll it back
version_added: 0.1.0
description:
  - Stops the timer that a run with O(netmin.windows.minimize#module:confirm) left on the host, before the host rolls the run back. It
    does this over a new connection, which proves that the host can still be reached.
  - Does nothing if no timer runs on the host. Fails if the host has already rolled the run back, and reports what the host recorded.
  - The next task of this collection on the host reports this record once and clears it. After that, only the id of the last run
    that was rolled back stays on the host.
options:
  run:
    description:
      - The id of the run to confirm. The task is refused if another run is waiting.
      - If the host cannot be reached, a task with this option is C(failed), not C(unreachable), because the host may roll that run back.
      - By default, the run that is waiting.
    type: str
attributes:
  check_mode:
    description: Can show what would be done without writing anything.
    support: full
  diff_mode:
    description: Shows what was changed, or in check mode what would be changed.
    support: none
extends_documentation_fragment:
  - netmin.windows.connection
seealso:
  - module: netmin.windows.minimize
  - module: netmin.windows.restore
  - module: netmin.windows.snapshot_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Close unneeded ports, and leave the timer running
  netmin.windows.minimize:
    confirm:
      within: 900
      hold: true

- name: Restart
  netmin.windows.reboot:

- name: Confirm the run
  netmin.windows.confirm:
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Whether a timer was stopped.
  type: bool
  returned: always
confirm:
  description: The timer that was found, or V(none) if there is none.
  type: dict
  returned: when the host was read
  contains:
    run:
      description: The id of the run.
      type: str
      returned: when there is a timer
    phase:
      description: V(armed) in check mode, V(confirmed), V(never started), V(restoring), V(broken off) or V(restored).
      type: str
      returned: when there is a timer
    heartbeat:
      description: The last heartbeat of the timer.
      type: int
      returned: when there is a timer
    outcome:
      description: How the timer ended, or what the host recorded when it rolled the run back, with the exit codes of its commands
        in order.
      type: str
      returned: when there is a timer
  sample:
    heartbeat: 14
    outcome: confirmed; the timer is gone
    phase: confirmed
    run: 20260101T220000Z-4f2a91
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
