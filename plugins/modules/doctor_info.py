# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.doctor_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor_info
short_description: Hold what this collection assumes of Windows against a host
version_added: 0.1.0
description:
  - This collection takes much for granted of each Windows, for example that a class has a property, that a service depends on another
    one, or that a port is open while its owner runs. This module reads from the host what confirms or contradicts each of these
    assumptions.
  - The result says of each assumption that it is confirmed, that it is contradicted (with what was expected and what the host shows), or
    that it is not to be seen on this host (with the reason). It also says what the default plan of the host rests on.
  - It works on a capture too, with the connection P(netmin.windows.capture#connection). What a capture does not hold is not to be seen.
  - M(netmin.windows.minimize) with O(netmin.windows.minimize#module:only_confirmed) does only what was confirmed.
  - Writes nothing on the host.
notes:
  - What an administrator has changed can contradict an assumption, too, for example the range of dynamic ports.
  - If you find a contradiction on a host that is as Windows comes, report it, with a capture of the host if you can give one away.
  - All assumptions are listed in C(docs/knowledge.md).
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.examining
  - netmin.windows.reading
seealso:
  - module: netmin.windows.doctor
  - module: netmin.windows.minimize
  - module: netmin.windows.capture
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Hold the assumptions against the host, and show them
  netmin.windows.doctor_info:
    show: true
    file: "findings/{{ inventory_hostname }}.json"
  register: doctor_result

- name: Do only what was confirmed on the host
  netmin.windows.minimize:
    only_confirmed: "findings/{{ inventory_hostname }}.json"
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
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
"""
