# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.drift_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drift_info
short_description: Compare the listeners of a host with its baseline
version_added: 0.1.0
description:
  - Lists the endpoints of the host as M(netmin.windows.listeners_info) does, and compares each listener with what the baseline allows this
    host.
  - Also reads what runs of this collection left on the host. It says which of their settings somebody changed since, and whether the
    forecast of the last run still holds.
  - The baseline judges intent. After a rollback, M(netmin.windows.proof_info) proves that the host is as it was before; this module
    still reports every listener that the baseline does not allow.
  - Findings do not fail the task unless O(fail_on) names their kind. So all hosts can be read first and reported together, as the playbook
    C(netmin.windows.drift) does with M(netmin.windows.drift_summary_info).
  - Writes nothing.
options:
  baseline:
    description:
      - The baseline, a YAML file on the controller that says what may listen in each inventory group and on each host. The playbook
        C(netmin.windows.baseline) writes a first one.
      - A relative path is relative to the play. In a playbook of this collection, it is relative to the current folder.
      - Groups add up. A host in V(web) and V(sql) may listen for both. The group V(all) is every host.
      - A file with an unknown key, a key that is there twice, a recipe that does not exist, or a group that is probably misspelt is refused
        before any host is contacted. The message names the file and the line.
    type: path
    default: baseline.yml
  settings:
    description:
      - Whether to compare the settings that runs of this collection made. It costs one request for each run and one for each registry
        value.
      - Without it, the task never sends more requests than M(netmin.windows.listeners_info).
    type: bool
    default: true
  listeners:
    description:
      - Whether to return all listeners as well. M(netmin.windows.probe_info) needs them.
    type: bool
    default: false
  rpc_endpoints:
    description:
      - Whether to ask the host's RPC endpoint mapper as well, as M(netmin.windows.rpc_endpoints_info) does, with the play's credentials
        if it refuses an anonymous client.
      - A dynamic port that several services can own is then given to those whose interface is registered there, and allowed if each of
        those is. A port without an entry, or with an interface that is not known, stays as it is.
      - If the map cannot be read, a warning says so.
    type: bool
    default: false
  fail_on:
    description:
      - The kinds of findings that fail the task.
      - V(new) is a listener that the baseline does not allow.
      - V(owner) is an allowed port that belongs to another owner.
      - V(scope) is an allowed listener that can be reached from farther than the baseline allows.
      - V(expired) is a listener that only an entry allows whose last day is over.
      - V(setting) is a setting that a run of this collection made and that somebody changed since.
      - V(unproven) is what contradicts the forecast of the last run and is not told by one of the others.
      - V(gone) is an entry of the baseline for which nothing listens.
      - V(expires) is an entry that ends within 30 days.
    type: list
    elements: str
    choices: [new, owner, scope, expired, setting, unproven, gone, expires]
    default: []
notes:
  - An endpoint on the loopback is no listener and is never reported. The listeners of WinRM are always allowed.
  - If several services can own a dynamic port, the port is allowed only if each of them is.
  - The last day of an entry is a day in the time zone of the controller.
  - The task does not wait for a host that has just booted. A warning says so, because services may still be starting.
attributes:
  action_group:
    description: Belongs to a group of actions, whose common options C(module_defaults) can set at once.
    support: full
    details:
      - C(group/netmin.windows.baseline) sets O(baseline).
    membership:
      - netmin.windows.baseline
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.reading
seealso:
  - module: netmin.windows.drift_summary_info
  - module: netmin.windows.baseline
  - module: netmin.windows.minimize
  - module: netmin.windows.proof_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Compare with the baseline
  netmin.windows.drift_info:
    baseline: baseline.yml
  register: drift_result

- name: Fail for what listens and should not, and for nothing else
  netmin.windows.drift_info:
    baseline: baseline.yml
    fail_on: [new, owner, scope, expired]
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
drifted:
  description: Whether there is a finding of a kind that fails a host by default in M(netmin.windows.drift_summary_info).
  type: bool
  returned: when the host was read
findings:
  description: Everything that is not as the baseline or the record on the host says, the most urgent first.
  type: list
  elements: dict
  returned: when the host was read
  contains:
    kind:
      description: V(new listener), V(other owner), V(other scope), V(expired), V(setting changed back), V(unproven), V(listener
        gone) or V(expires soon).
      type: str
      returned: always
    message:
      description: What differs, and what to do.
      type: str
      returned: always
    file:
      description: The baseline, or V(none) if the finding is not about it.
      type: str
      returned: always
    line:
      description: The line of the entry; of a new listener the line below which an entry for the host belongs. V(none) without
        a file.
      type: int
      returned: always
    protocol:
      description: V(tcp) or V(udp), or V(none) if the finding is about no listener.
      type: str
      returned: always
    ports:
      description: The port, or all ports of an owner as V(49664-49667).
      type: str
      returned: always
    addresses:
      description: The addresses on which it listens.
      type: list
      elements: str
      returned: always
    owner:
      description: The owner, in words.
      type: str
      returned: always
    recipe:
      description: Id of the recipe that knows the listener, or V(none).
      type: str
      returned: always
  sample:
    - addresses:
        - 0.0.0.0
      file: baseline.yml
      kind: new listener
      line: 12
      message: 'tcp/8080 on 0.0.0.0 (owner Tomcat9) is open, and the baseline does not allow it: close it, or add an entry'
      owner: Tomcat9
      ports: '8080'
      protocol: tcp
      recipe: null
allowed:
  description: What the baseline allows today, by address. The management path of this task is always allowed, and is not in
    this list.
  type: list
  elements: dict
  returned: when the host was read
  contains:
    protocol:
      description: V(tcp) or V(udp).
      type: str
      returned: always
    ports:
      description: The port, or all ports of an owner as V(49664-49667).
      type: str
      returned: always
    address:
      description: The address on which it listens.
      type: str
      returned: always
    owner:
      description: The owner, in words.
      type: str
      returned: always
    why:
      description: The reason in the baseline, with its file and line.
      type: str
      returned: always
  sample:
    - address: 0.0.0.0
      owner: W3SVC
      ports: '443'
      protocol: tcp
      why: the shop (baseline.yml:7)
counts:
  description: How many findings there are of each kind, by the words of O(fail_on). Kinds without findings are left out.
  type: dict
  returned: when the host was read
  sample:
    new: 1
baseline:
  description: The baseline.
  type: str
  returned: when the host was read
entries:
  description: Number of entries of the baseline that are about this host.
  type: int
  returned: when the host was read
listeners:
  description: Every listener, as in RV(netmin.windows.listeners_info#module:listeners) of a summary.
  type: list
  elements: dict
  returned: when the host was read and O(listeners=true)
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
suspected:
  description:
    - Rows that netstat of Windows 2000 and XP shows as LISTENING, but that are probably the source port of an outgoing connection.
    - Nothing is planned for them, and a host that shows any is not proven.
  type: list
  elements: dict
  returned: when the host was read
  contains:
    protocol:
      description: V(tcp) or V(udp).
      type: str
      returned: always
    address:
      description:
        - The local address, without brackets.
        - In a summary, all addresses of the listener, as in V(0.0.0.0, ::), or the first if there are more than four.
      type: str
      returned: always
    port:
      description: The local port.
      type: int
      returned: always
    pid:
      description: The process that holds the socket. V(none) on Windows 2000, whose netstat does not show it.
      type: int
      returned: always
    family:
      description: V(ipv4) or V(ipv6).
      type: str
      returned: always
    scope:
      description: V(wildcard) for all addresses, V(adapter) for the address of one adapter, V(loopback) for an address that
        only the host itself can reach.
      type: str
      returned: always
    count:
      description:
        - Number of endpoints in this entry. More than eight endpoints that differ only in address and number share one entry.
        - In a summary, all endpoints that differ only in their address share one entry, so a listener of both families has
          V(2).
      type: int
      returned: always
    ports:
      description:
        - All ports of the entry if it stands for more than 16 fixed ports of one owner, as in V(20001-23000, 23005). V(none)
          otherwise.
        - A summary names at most 40 ports and ranges, and the number of the others.
      type: str
      returned: always
    reason:
      description: Why the row is suspected.
      type: str
      returned: always
  sample:
    - address: 0.0.0.0
      count: 1
      family: ipv4
      pid: 1480
      port: 1045
      ports: null
      protocol: tcp
      reason: netstat of this Windows also lists the source port of the outgoing connection to 192.0.2.20:80 as LISTENING
      scope: wildcard
windows:
  description: The Windows of the host.
  type: dict
  returned: when the host was read
  contains:
    id:
      description: The id of the version in this collection.
      type: str
      returned: always
    name:
      description: The name of the version.
      type: str
      returned: always
    caption:
      description: The name that the host reports.
      type: str
      returned: always
    version:
      description: The kernel version.
      type: str
      returned: always
    build:
      description: The build number.
      type: int
      returned: always
    remark:
      description: A note if the build is not known, and counts as the known build before it. Otherwise empty.
      type: str
      returned: always
    in_domain:
      description: Whether the host is a domain member or a domain controller.
      type: bool
      returned: always
  sample:
    build: 2600
    caption: Microsoft Windows XP Professional
    id: windows_xp
    in_domain: false
    name: Windows XP
    remark: ''
    version: '5.1'
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
