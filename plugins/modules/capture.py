# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.capture`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: capture
short_description: Capture a host in a file, to plan on it without the host
version_added: 0.1.0
description:
  - Asks the host, in one pass that only reads, everything that any module of this collection could ask on this Windows, and keeps the
    answers in one file on the controller.
  - With the connection P(netmin.windows.capture#connection) all modules of this collection then work on the file as on the host, in check
    mode.
  - What the host refuses is kept as the error that it gave.
  - With O(from) and O(anonymize=true) it makes a capture that can be given away from one that is there. That touches no host.
  - With O(from) alone it makes one of the files that the scripts of the playbook C(netmin.windows.collect) left.
  - The file is written whole or not at all, and is readable for its owner alone. It replaces an earlier capture of the same host.
options:
  dir:
    description:
      - Folder on the controller for the file. It is made if it is missing.
      - A relative path is relative to the play. In a playbook of this collection, it is relative to the current folder.
      - The file is called like the address of the host, C(ADDRESS.zip), and an anonymized one like its new name.
    type: path
    default: captures
  services:
    description:
      - Of which services the registry is asked how they start and what guards them. This takes three or four requests for each.
      - V(known) asks only of those that the knowledge names, and those that depend on these. A plan that names another service then fails
        with an error that says so.
    type: str
    choices: [all, known]
    default: all
  wire:
    description:
      - Whether to keep all requests and answers as well, after decryption, below C(wire/) in the file. It is evidence for those who look
        for a mistake, and nothing reads it. It is made over one connection. Command lines and paths of services are shortened there, too.
    type: bool
    default: false
  rpc_endpoints:
    description:
      - Whether to ask the host's RPC endpoint mapper as well, as M(netmin.windows.rpc_endpoints_info) does, with the play's credentials
        if it refuses an anonymous client, and to keep its answer.
      - A plan on the capture with C(rpc_endpoints=true) then goes by that map. On a capture without one it goes on without, and a warning
        says so.
      - If the map cannot be read, the capture has the reason instead, and a warning says so.
    type: bool
    default: false
  from:
    description:
      - With O(anonymize=true), a capture that is to be anonymized.
      - Otherwise the folder that C(collect) filled on a host without a channel. The capture is then that of the host that the task is for,
        and no host is contacted. What the files do not tell is unknown to plans, and holds back what depends on it.
      - A relative path is taken as that of O(dir).
    type: path
  anonymize:
    description:
      - Whether to replace everything that tells the host of O(from) or its people from others. The guide lists what that is.
      - The plan on the anonymized capture is the same plan, with other names.
    type: bool
    default: false
notes:
  - No password, no command line and no value of the registry that no plan needs is in a capture. The guide lists what is in it.
  - A name that is also a word that plans depend on cannot be replaced. A computer called C(SQL) is refused.
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.connection.connections
  - netmin.windows.reading
seealso:
  - module: netmin.windows.minimize
  - plugin: netmin.windows.capture
    plugin_type: connection
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Capture the host
  netmin.windows.capture:
    dir: captures

- name: Make a capture that can be given away
  netmin.windows.capture:
    from: captures/web01.example.com.zip
    anonymize: true
    dir: to_give_away
  register: given

- name: Make a capture of what was collected on a host that nobody reaches
  netmin.windows.capture:
    from: stick/NETMIN
    dir: captures

- name: Show what was replaced
  ansible.builtin.debug:
    var: given.replaced
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(true), since the file is written.
  type: bool
  returned: always
file:
  description: The file on the controller.
  type: str
  returned: success
  sample: /home/me/plays/captures/192.0.2.10.zip
inventory_name:
  description: The name of the host in the inventory. That of an anonymized capture is made up.
  type: str
  returned: success
  sample: web01
captured_at:
  description: When the host was captured, by the clock of the controller.
  type: str
  returned: success
  sample: '2026-03-02T09:25:23+00:00'
anonymized:
  description: Whether everything that tells the host from others was replaced.
  type: bool
  returned: success
  sample: false
windows:
  description: The Windows that was captured.
  type: dict
  returned: success
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
services:
  description: Number of services and drivers of which the registry was asked. 0 for an anonymized capture.
  type: int
  returned: success
  sample: 322
refused:
  description: What the host refused, in the words of the error. It is part of the capture.
  type: list
  elements: str
  returned: success
  sample:
    - 'query of Site at web01: the class or namespace does not exist, or WMI refuses the query (0x8033801A)'
rpc_endpoints:
  description: What became of the question for the endpoint map.
  type: dict
  returned: with O(rpc_endpoints=true)
  contains:
    state:
      description: V(read) or V(partial) if the mapper answered. Otherwise V(refused), V(closed), V(silent), V(broken), or V(not_asked)
        for a capture without a map.
      type: str
      returned: always
    evidence:
      description: What happened, in one sentence.
      type: str
      returned: always
    authenticated:
      description: Whether the mapper answered only after a login.
      type: bool
      returned: always
    entries:
      description: Number of entries.
      type: int
      returned: always
replaced:
  description: How many different names, addresses and so on were replaced, by kind. Empty if nothing was to be anonymized.
  type: dict
  returned: success
  sample:
    adapter: 2
    address: 14
    computer: 2
    domain: 1
    word: 12
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
