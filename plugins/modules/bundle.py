# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.bundle`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle
short_description: Write a plan as scripts for a host that no controller reaches
version_added: 0.1.0
description:
  - Plans as M(netmin.windows.minimize) does in check mode, and writes the plan as files for somebody at the console of the host. It changes
    nothing on any host.
  - The host is usually a capture that was made of what C(collect) left on it, over the connection P(netmin.windows.capture#connection).
  - C(close.cmd) closes, C(undo.cmd) puts back, C(FORECAST.txt) says what listens afterwards, C(README.txt) says what to do, and
    C(collect.cmd) collects once more for the proof. C(before.reg), C(close.reg) and C(undo.reg) have the registry values for a person.
  - The scripts are for this one host. They refuse to run on another, and change nothing if a value is not what it was when the plan was
    made. They are plain ASCII, and each step says why it is there.
  - C(manifest.json) has the SHA-256 of each file and the forecast. Give it to M(netmin.windows.proof_info) as
    O(netmin.windows.proof_info#module:manifest), with the capture of the second collection.
options:
  dir:
    description:
      - Folder on the controller in which a folder of the name of the host is made. One that is there already is not replaced, because a
        proof needs the manifest in it.
      - A relative path is relative to the play. In a playbook of this collection, it is relative to the current folder.
    type: path
    default: bundles
  collected:
    description:
      - The folder that C(collect_2000.cmd) filled on the host. Only Windows 2000 needs it, and only if the plan changes a long list. It
        shows where the regedit of that host breaks a line, so that the scripts can recognize the list.
      - If the plan binds RPC to interfaces, C(README.txt) shows their numbers from this folder. An index that C(rpccfg -l) did not list
        on the host is refused. C(rpccfg) is a download, and C(collect_2000.cmd) runs it only if it is on the path.
      - A relative path is taken as that of O(dir).
    type: path
  management:
    description:
      - How the host is managed. With V(captured), that is what the capture tells. Files of C(collect) do not tell it, and a new rule of
        the firewall could cut a session. So O(minimize) makes no rule on them.
      - V(console) says that nobody manages the host over the network. Then C(ip_filter) in O(minimize) plans rules from Windows Vista on,
        C(close.cmd) makes them, and the proof sees them on the files of the second collection. A port of WinRM is in no rule even so.
      - V(console) is refused if the host was read over the network.
    type: str
    choices: [captured, console]
    default: captured
  minimize:
    description:
      - Options of M(netmin.windows.minimize) for the plan, such as C(accept) and C(keep). Files of a host without a channel do not tell
        everything, so C(accept) is needed more often than online.
      - C(record_dir), C(confirm), C(window) and C(stop_timeout) have no effect here.
    type: dict
    default: {}
notes:
  - What a script cannot do safely is refused with a sentence, for example a name with a quote or a percent sign.
  - Filters of RPC calls (C(rpc_filters) in O(minimize)) are not written as scripts. A plan with them is refused.
  - NetBIOS over TCP/IP of an adapter is set by its registry value, which Windows reads at the next boot.
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.reading
seealso:
  - module: netmin.windows.minimize
  - module: netmin.windows.capture
  - module: netmin.windows.proof_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Write scripts for a host without a channel
  netmin.windows.bundle:
    dir: bundles
    collected: stick/NETMIN
    minimize:
      accept: [shares-in-use]
      keep:
        - port: tcp/104
          reason: the device sends its images there
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(true), since the files are written.
  type: bool
  returned: always
dir:
  description: The folder with the files.
  type: str
  returned: success
  sample: /home/me/plays/bundles/plc7
run:
  description: Id of the bundle. The proof names it.
  type: str
  returned: success
  sample: 20260302T081541Z-9f3a1c
manifest:
  description: The file for the proof.
  type: str
  returned: success
  sample: /home/me/plays/bundles/plc7/manifest.json
files:
  description: The files.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: The name.
      type: str
      returned: always
    size:
      description: The size in bytes.
      type: int
      returned: always
    sha256:
      description: The SHA-256.
      type: str
      returned: always
  sample:
    - name: close.cmd
      size: 15340
      sha256: 7d0c3a1f9a4c1d0a2b3d7f6e5c4b3a29180706f5e4d3c2b1a09f8e7d6c5b4a39
steps:
  description: What C(close.cmd) changes, in order.
  type: list
  elements: str
  returned: success
  sample:
    - HKLM\SYSTEM\CurrentControlSet\Services\Messenger\Start
    - service Messenger
summary:
  description: The number of endpoints by outlook, IPv4 and IPv6 apart. Those of the loopback are not counted.
  type: dict
  returned: success
  contains:
    listeners:
      description: All endpoints before the first change.
      type: int
      returned: always
    closes_now:
      description: Listeners that close when the changes are made.
      type: int
      returned: always
    closes_at_boot:
      description: Listeners that close at the next boot, or that only the host itself can reach from then on.
      type: int
      returned: always
    stays:
      description: Listeners that stay open.
      type: int
      returned: always
    opens:
      description: Those that are closed, and open again once a restore is done and the host has booted. They are not among
        RV(summary.listeners).
      type: int
      returned: always
    filtered:
      description: Listeners whose socket stays, but whose inbound traffic is dropped by a rule that is in force.
      type: int
      returned: always
    kept:
      description: Listeners that stay open because they are kept.
      type: int
      returned: always
    unknown:
      description: Listeners with an unknown outlook.
      type: int
      returned: always
    closed:
      description: Listeners that were there before the first change and are gone after the last one, by the listings. V(none)
        if the host could no longer be read.
      type: int
      returned: always
  sample:
    closed: 6
    closes_at_boot: 7
    closes_now: 6
    filtered: 0
    kept: 1
    listeners: 14
    opens: 0
    stays: 0
    unknown: 0
windows:
  description: The Windows of the host.
  type: dict
  returned: success
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
