# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.doctor`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor
short_description: Hold what this collection assumes of Windows against a host, by writing to it
version_added: 0.1.0
description:
  - Reads all that M(netmin.windows.doctor_info) reads, and then learns what only writing shows.
  - With O(level=own_key) it writes values below the registry key C(HKLM\SOFTWARE\netmin.windows.doctor), reads them back, and deletes
    them with the key. So it learns how this Windows takes an empty list, an empty text in a list, 64 kB, and more. It reads again that
    nothing is left. The session can write nowhere else.
  - With O(level=method) it closes one recipe of the default plan after the other, lists the endpoints, undoes it, and lists them again.
    That can break what the host is for, so it has to be allowed with O(i_may_break_it). Use it on a test host.
  - Refused in check mode, outside O(window), and while a run waits for its confirmation.
options:
  level:
    description:
      - V(own_key) writes below a registry key of its own.
      - V(method) closes and undoes one recipe at a time.
    type: str
    choices: [own_key, method]
    default: own_key
  i_may_break_it:
    description:
      - Whether the host may break. O(level=method) is refused without it.
    type: bool
    default: false
  recipes:
    description:
      - The recipes that O(level=method) tries. By default, those of the default plan.
    type: list
    elements: str
  stop_timeout:
    description:
      - How many seconds to wait for a service to stop or start with O(level=method).
    type: int
    default: 60
attributes:
  check_mode:
    description: Refused in check mode. M(netmin.windows.doctor_info) only reads.
    support: none
  diff_mode:
    description: Shows what was changed, or in check mode what would be changed.
    support: none
notes:
  - A tool that watches the registry or the integrity of files, and an EDR agent, may report that the key is made and deleted. Tell its
    operators before.
  - With O(level=method) each trial is a run of its own, with a snapshot on the host. M(netmin.windows.restore) restores a trial that broke
    off.
  - With O(level=method) nothing restarts. What closes only at the next boot is not tried.
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.examining
  - netmin.windows.window
seealso:
  - module: netmin.windows.doctor_info
  - module: netmin.windows.restore
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Learn how this Windows takes values of the registry
  netmin.windows.doctor:
    show: true

- name: Try each method on a test host
  netmin.windows.doctor:
    level: method
    i_may_break_it: true
    file: "findings/{{ inventory_hostname }}.json"
  register: doctor_result
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Whether the host was written to. With O(level=own_key) nothing is left of that.
  type: bool
  returned: always
assumptions:
  description: Each assumption about this Windows, and what the host says of it.
  type: list
  elements: dict
  returned: when the host was read
  contains:
    id:
      description: Its id, as in the knowledge.
      type: str
      returned: always
    assumed:
      description: What is assumed.
      type: str
      returned: always
    verdict:
      description: V(confirmed), V(contradicted) or V(not_to_be_seen).
      type: str
      returned: always
    expected:
      description: What was expected of the host, if it contradicts the assumption. V(none) otherwise.
      type: str
      returned: always
    seen:
      description: What the host shows. V(none) if there is nothing to be seen.
      type: str
      returned: always
    why:
      description: Why there is nothing to be seen. V(none) otherwise.
      type: str
      returned: always
    used:
      description: What rests on it. V(every plan), V(proof), V(record), V(firewall rules), V(speed), V(refusals), stages, and
        ids of recipes.
      type: list
      elements: str
      returned: always
    confidence:
      description: How certain it is without the host. V(documented), V(observed) or V(memory).
      type: str
      returned: always
  sample:
    - id: srv2-needs-srvnet
      assumed: srv2 depends on srvnet, which holds port 445
      verdict: confirmed
      expected: null
      seen: start mode manual, depends on srvnet
      why: null
      used:
        - smb_device
        - smb-445
      confidence: observed
counts:
  description: How many assumptions there are with each verdict.
  type: dict
  returned: when the host was read
  sample:
    confirmed: 58
    contradicted: 0
    not_to_be_seen: 18
plan:
  description: What the default plan of the host rests on, hazards left aside.
  type: dict
  returned: when the host was read
  contains:
    recipes:
      description: The ids of its recipes.
      type: list
      elements: str
      returned: always
    confirmed:
      description: How many assumptions are confirmed of those that it rests on.
      type: int
      returned: always
    contradicted:
      description: The ids of those that are contradicted.
      type: list
      elements: str
      returned: always
    not_to_be_seen:
      description: The ids of those that are not to be seen.
      type: list
      elements: str
      returned: always
  sample:
    recipes:
      - smb-445
      - w32time-123
    confirmed: 30
    contradicted: []
    not_to_be_seen: []
uses:
  description: The same for each use by itself.
  type: list
  elements: dict
  returned: when the host was read
  contains:
    use:
      description: A word of RV(assumptions[].used).
      type: str
      returned: always
    confirmed:
      description: How many assumptions are confirmed of those that it rests on.
      type: int
      returned: always
    contradicted:
      description: The ids of those that are contradicted.
      type: list
      elements: str
      returned: always
    not_to_be_seen:
      description: The ids of those that are not to be seen.
      type: list
      elements: str
      returned: always
  sample:
    - use: every plan
      confirmed: 24
      contradicted: []
      not_to_be_seen: []
verdict:
  description: How the default plan stands, in one sentence.
  type: str
  returned: when the host was read
  sample: all that the default plan of this host rests on is confirmed
level:
  description: What was done. V(read), V(own_key) or V(method).
  type: str
  returned: when the host was read
  sample: read
file:
  description: The file on the controller. V(none) without O(file).
  type: str
  returned: when the host was read
  sample: /home/me/plays/findings/web01.json
windows:
  description: The Windows of the host.
  type: dict
  returned: when the host was read
  contains:
    id:
      description: Its id, as in the knowledge.
      type: str
      returned: always
    name:
      description: Its name.
      type: str
      returned: always
    version:
      description: The version of its kernel.
      type: str
      returned: always
    build:
      description: Its build.
      type: int
      returned: always
  sample:
    id: windows_server_2022
    name: Windows Server 2022
    version: '10.0'
    build: 20348
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
methods:
  description: What became of each recipe that was tried.
  type: list
  elements: dict
  returned: with O(level=method)
  contains:
    recipe:
      description: Its id.
      type: str
      returned: always
    verdict:
      description: V(confirmed), V(contradicted) or V(not_to_be_seen).
      type: str
      returned: always
    expected:
      description: What was expected of the host, if it contradicts the assumption. V(none) otherwise.
      type: str
      returned: always
    seen:
      description: What the host shows. V(none) if there is nothing to be seen.
      type: str
      returned: always
    why:
      description: Why there is nothing to be seen. V(none) otherwise.
      type: str
      returned: always
    runs:
      description: The ids of the two runs, the one that closed it and the one that undid that.
      type: list
      elements: str
      returned: always
  sample:
    - recipe: w32time-123
      verdict: confirmed
      expected: null
      seen: udp/123 closed, and open again after the undo
      why: null
      runs:
        - 20260302T210900Z-1a2b3c
        - 20260302T210911Z-4d5e6f
"""
