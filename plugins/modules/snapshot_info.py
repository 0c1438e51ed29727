# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.snapshot_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot_info
short_description: Show the snapshots on a host
version_added: 0.1.0
description:
  - Reads the snapshots that runs of this collection left on the host before their first change. M(netmin.windows.restore) restores them.
  - Writes nothing.
options: {}
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.detail
  - netmin.windows.reading
seealso:
  - module: netmin.windows.restore
  - module: netmin.windows.minimize
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Show what can be restored
  netmin.windows.snapshot_info:
  register: stored
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
confirm:
  description: The timer of a run that waits for confirmation or that the host rolled back. V(none) if there is none.
  type: dict
  returned: when the host was read
  contains:
    run:
      description: The id of the run.
      type: str
      returned: when there is a timer
    phase:
      description: V(armed), V(never started), V(restoring), V(broken off) or V(restored).
      type: str
      returned: when there is a timer
    heartbeat:
      description: The last heartbeat of the timer.
      type: int
      returned: when there is a timer
    outcome:
      description: What the host recorded when it rolled the run back, with the exit codes of its commands in order.
      type: str
      returned: when there is a timer
  sample:
    heartbeat: 14
    outcome: ''
    phase: armed
    run: 20260101T220000Z-4f2a91
snapshots:
  description: The snapshots, oldest first.
  type: list
  elements: dict
  returned: when the host was read
  contains:
    run:
      description: The id of the run.
      type: str
      returned: always
    readable:
      description: Whether the snapshot can be read.
      type: bool
      returned: always
    stages:
      description: Number of objects that the run changed, by stage.
      type: dict
      returned: always
    objects:
      description: The objects that the run changed, as they were before.
      type: list
      elements: dict
      returned: with O(detail=full)
  sample:
    - objects:
        - after: disabled
          before: manual
          kind: Win32_Service
          name:
            - IKEEXT
          object: start mode
          stage: services
      readable: true
      run: 20260101T220000Z-4f2a91
      stages:
        services: 1
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
