# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.proof_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proof_info
short_description: Prove by the socket that ports are closed
version_added: 0.1.0
description:
  - Lists the endpoints of the host again, and compares each with the forecast that the last run of M(netmin.windows.minimize), or of
    another module that makes changes, stored on the host. The module reads the forecast and never computes a new one.
  - A port that still listens although its setting is in place is a failure. So is a port that was not there before, and a kept port that is
    gone or belongs to another owner.
  - After a boot, ports may still open, so the module waits until the host has settled. A host has settled when no automatic service is
    still starting, when the window for delayed services is over (three minutes after the boot, on Windows Vista and later, if the host
    has such services), and when two listings in a row are equal.
  - Writes nothing.
options:
  against:
    description:
      - What the listeners are compared with.
      - V(forecast) compares with the forecast of the last run on this host. After a restore, that is the forecast of the restore.
      - V(keep) compares only with O(keep), whatever runs there were. Every listener that is not kept counts as open.
    type: str
    choices: [forecast, keep]
    default: forecast
  manifest:
    description:
      - The manifest of a bundle that M(netmin.windows.bundle) wrote for this host. Its forecast is used, not one that is on the host.
      - Use it on a capture of what was collected after the restart. Such a capture has no process that shows when the host was started,
        so the time of its last shutdown tells whether it was restarted. Restart it from the Start menu, because a host that only lost its
        power does not show it.
      - A relative path is taken as that of O(baseline).
    type: path
  baseline:
    description:
      - A baseline, in place of O(keep). It is a YAML file on the controller that says what may listen in each inventory group and on each
        host, with a reason and an owner for each entry.
      - Used where O(keep) would be, so with O(against=keep), or if the host has no stored forecast. What the baseline allows this host
        today, on the scope that it says, counts as kept.
      - An entry whose last day (C(until)) is over allows nothing. From 30 days before, a warning names the day.
      - A service or port of the baseline that this host does not have is passed over, whatever O(missing) says.
      - A relative path is relative to the play. In a playbook of this collection, it is relative to the current folder.
      - A task that gives both O(baseline) and O(keep) is refused.
    type: path
  limit:
    description:
      - Maximum number of seconds to wait for the host to settle. After that, the verdict is C(not_settled).
    type: int
    default: 300
  interval:
    description:
      - Seconds between two listings.
    type: int
    default: 15
  strict:
    description:
      - With V(true), the task fails unless the host is proven.
      - With V(false), it fails only if the forecast is contradicted.
    type: bool
    default: false
  rpc_endpoints:
    description:
      - Whether to ask the host's RPC endpoint mapper as well, as M(netmin.windows.rpc_endpoints_info) does, with the play's credentials
        if it refuses an anonymous client.
      - A dynamic port that several services can own is then given to those whose interface is registered there. A port without an entry,
        or with an interface that is not known, stays as it is.
      - Use the same value as in the run that is proven.
    type: bool
    default: false
notes:
  - With O(against=forecast), O(keep) is used only if the host has no stored forecast. Then every listener that is not kept counts as open,
    and the proof says that it had no forecast.
  - If endpoints close only at the next boot, and the host has not booted since, the verdict is C(not_proven). Restart the host first.
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
  - netmin.windows.detail
  - netmin.windows.connection.connections
  - netmin.windows.reading
  - netmin.windows.keep
seealso:
  - module: netmin.windows.minimize
  - module: netmin.windows.reboot
  - module: netmin.windows.listeners_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Check whether the forecast came true
  netmin.windows.proof_info:
  register: proof

- name: Fail unless everything is proven, and give a slow host ten minutes to settle
  netmin.windows.proof_info:
    strict: true
    limit: 600

- name: Check a host that was never minimized against what it may offer
  netmin.windows.proof_info:
    keep:
      - port: tcp/445
        reason: it is a file server
    strict: true
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
proven:
  description: Whether the host is proven.
  type: bool
  returned: when the host was read
proof:
  description: The proof.
  type: dict
  returned: when the host was read
  contains:
    verdict:
      description: V(proven), V(failed), V(not_proven) or V(not_settled).
      type: str
      returned: always
    reasons:
      description: Why the host is not proven, or what limits the proof.
      type: list
      elements: str
      returned: always
    notes:
      description:
        - What is worth knowing and changes nothing, such as a dynamic UDP port that has another number since the restart.
      type: list
      elements: str
      returned: always
    booted:
      description: Whether the host has booted since the forecast was made, or V(none) without a forecast.
      type: bool
      returned: always
    open_listeners:
      description: Number of endpoints that are neither closed, kept, filtered nor on loopback only.
      type: int
      returned: always
    endpoints:
      description: The result for each endpoint.
      type: list
      elements: dict
      returned: always
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
          returned: with O(detail=full)
        family:
          description: V(ipv4) or V(ipv6).
          type: str
          returned: with O(detail=full)
        scope:
          description: V(wildcard) for all addresses, V(adapter) for the address of one adapter, V(loopback) for an address
            that only the host itself can reach.
          type: str
          returned: always
        count:
          description:
            - Number of endpoints in this entry. More than eight endpoints that differ only in address and number share one
              entry.
            - In a summary, all endpoints that differ only in their address share one entry, so a listener of both families
              has V(2).
          type: int
          returned: always
        ports:
          description:
            - All ports of the entry if it stands for more than 16 fixed ports of one owner, as in V(20001-23000, 23005). V(none)
              otherwise.
            - A summary names at most 40 ports and ranges, and the number of the others.
          type: str
          returned: always
        dynamic:
          description: Whether Windows chose the port.
          type: bool
          returned: always
        owner:
          description: The owner, in words.
          type: str
          returned: always
        recipe:
          description: Id of the recipe that knows the endpoint, or V(none).
          type: str
          returned: always
        outcome:
          description: V(closed), V(loopback_only), V(filtered), V(kept), V(open) or V(unknown). Only a missing socket is called
            closed.
          type: str
          returned: always
        holds:
          description: Whether the forecast came true. V(none) if the forecast was not certain.
          type: bool
          returned: always
        why:
          description: The reason, in one sentence.
          type: str
          returned: always
  sample:
    booted: true
    endpoints:
      - address: 0.0.0.0
        count: 1
        dynamic: false
        family: ipv4
        holds: true
        outcome: closed
        owner: PolicyAgent in pid 704
        pid: 704
        port: 500
        ports: null
        protocol: udp
        recipe: ike-500-4500
        scope: wildcard
        why: no socket
      - address: 0.0.0.0
        count: 1
        dynamic: false
        family: ipv4
        holds: true
        outcome: kept
        owner: WinRM in pid 4
        pid: 4
        port: 5985
        ports: null
        protocol: tcp
        recipe: winrm
        scope: wildcard
        why: 'the management path: a listener of WinRM'
    notes: []
    open_listeners: 0
    reasons: []
    verdict: proven
forecast_run:
  description: Id of the run whose forecast was used, or V(none).
  type: str
  returned: when the host was read
  sample: 20260302T081541Z-9f3a1c
forecast_purpose:
  description: What that run was for, V(minimize) or V(restore), or V(none). After a restore the proof says that the host is
    back.
  type: str
  returned: when the host was read
  sample: minimize
boot:
  description: The boot in which the proof was made. RV(boot.uptime) is that of the last listing.
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
    uptime: 214.0
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
