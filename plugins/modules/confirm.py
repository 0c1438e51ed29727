# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.confirm`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: confirm
short_description: Keep what a run did on a host that waits for a confirmation
version_added: 0.1.0
description:
  - Ends the timer that a run with O(netmin.windows.minimize#module:confirm) left, before the host puts the run back by itself. It does so
    over a connection of its own, which proves that the host can still be reached.
  - Does nothing on a host on which no timer runs. Fails where the host has put the run back already, with what it recorded.
  - What the host recorded is told once and cleared by whatever task of this collection comes next. That it was the host that put
    O(run) back stays known until it does so with another run.
options:
  run:
    description:
      - The id of the run that is to be confirmed. The task is refused where another one waits.
      - With it the task fails, and is not unreachable, where the host cannot be reached, since the host may put that run back by itself.
      - When left out whichever waits.
    type: str
attributes:
  check_mode:
    description: Can show what would be done, without writing anything.
    support: full
  diff_mode:
    description: Shows details of what was changed, or in check mode of what would be.
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
- name: Close what is not needed, and wait for a confirmation
  netmin.windows.minimize:
    confirm:
      within: 900
      hold: true

- name: Restart
  netmin.windows.reboot:

- name: Keep what was done
  netmin.windows.confirm:
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Whether a timer was ended.
  type: bool
  returned: always
confirm:
  description: The timer that was found, or null where there is none.
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
      description: How far the timer had counted.
      type: int
      returned: when there is a timer
    outcome:
      description: How the timer ended, or what the host recorded when it put the run back, with the exit codes of its commands
        in order.
      type: str
      returned: when there is a timer
  sample:
    heartbeat: 14
    outcome: confirmed; nothing is left of the timer
    phase: confirmed
    run: 20260101T220000Z-4f2a91
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
