# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.proof_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proof_info
short_description: Prove by the socket that ports are closed
version_added: 0.1.0
description:
  - Lists the endpoints of the host again, and holds each against the forecast that the last run of M(netmin.windows.minimize), or
    of another module of this collection that changes something, has left on the host. The forecast is read, never computed anew.
  - A setting that is in place while its port still listens is a failure, and so is a port that was not there before, and a port
    that was kept and is gone or belongs to another owner.
  - After a boot it waits until the host has settled, as ports may still open. A host has settled when no automatic service is
    starting any more, when the window of delayed services is over (from Windows Vista on, three minutes after the boot, where the
    host has any), and when two listings in a row are equal.
  - Writes nothing.
options:
  against:
    description:
      - What the listeners are compared with.
      - With V(forecast), with the forecast of the last run on this host. After a restore that is the forecast of the restore.
      - With V(keep), with O(keep) alone, whatever runs there were. Every listener that is not kept is open.
    type: str
    choices: [forecast, keep]
    default: forecast
  limit:
    description:
      - How many seconds to wait at most until the host has settled. A host that has not by then is not_settled.
    type: int
    default: 300
  interval:
    description:
      - How many seconds lie between two listings.
    type: int
    default: 15
  strict:
    description:
      - With V(true) the task fails unless the host is proven.
      - With V(false) it fails only where the forecast is contradicted.
    type: bool
    default: false
notes:
  - With O(against=forecast), O(keep) is used only on a host without a stored forecast. Every listener that is not kept is open
    there, and the proof says that it had no forecast.
  - While endpoints are still to close at a boot that has not come, the host is not_proven. Restart it first.
extends_documentation_fragment:
  - netmin.windows.connection
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
- name: Tell whether the forecast has come true
  netmin.windows.proof_info:
  register: proof

- name: Fail unless everything is proven, and give a slow host ten minutes to settle
  netmin.windows.proof_info:
    strict: true
    limit: 600

- name: Judge a host that was never minimized by what it may offer
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
      description: Whether the host has booted since the forecast was made, or V(none) where there is no forecast.
      type: bool
      returned: always
    open_listeners:
      description: How many endpoints are there that are neither kept nor on the loopback only.
      type: int
      returned: always
    endpoints:
      description: What was found of each endpoint.
      type: list
      elements: dict
      returned: always
      contains:
        protocol:
          description: V(tcp) or V(udp).
          type: str
          returned: always
        address:
          description: The local address, without brackets.
          type: str
          returned: always
        port:
          description: The local port.
          type: int
          returned: always
        pid:
          description: The process that holds the socket, or V(none) on Windows 2000, whose netstat does not show it.
          type: int
          returned: always
        family:
          description: V(ipv4) or V(ipv6).
          type: str
          returned: always
        scope:
          description: V(wildcard) for all addresses, V(adapter) for the address of one adapter, V(loopback) for the host itself
            only.
          type: str
          returned: always
        count:
          description: How many endpoints the entry stands for. More than eight that differ only in address and number are one
            entry.
          type: int
          returned: always
        owner:
          description: The owner in words.
          type: str
          returned: always
        outcome:
          description: V(closed), V(loopback_only), V(kept), V(open) or V(unknown). Nothing but a missing socket is called closed.
          type: str
          returned: always
        holds:
          description: Whether the forecast came true. V(none) where nothing was forecast for certain.
          type: bool
          returned: always
        why:
          description: One sentence.
          type: str
          returned: always
  sample:
    booted: true
    endpoints:
      - address: 0.0.0.0
        count: 1
        family: ipv4
        holds: true
        outcome: closed
        owner: PolicyAgent in pid 704
        pid: 704
        port: 500
        protocol: udp
        scope: wildcard
        why: no socket
      - address: 0.0.0.0
        count: 1
        family: ipv4
        holds: true
        outcome: kept
        owner: WinRM in pid 4
        pid: 4
        port: 5985
        protocol: tcp
        scope: wildcard
        why: 'the management path: WinRM''s own listener, as the host configures it'
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
  description: The boot at which the proof was taken. RV(boot.uptime) is that of the last listing.
  type: dict
  returned: when the host was read
  contains:
    lsass_created:
      description: When lsass.exe was started. It differs between two boots, and does not move with the clock.
      type: str
      returned: always
    last_boot_up_time:
      description: LastBootUpTime of Win32_OperatingSystem, or V(none). It moves with the clock, and is only shown.
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
    - Rows that netstat of Windows 2000 and XP shows as LISTENING and that are probably the source port of an outgoing connection.
    - They are listed apart, nothing is planned against them, and a host that shows any is not proven.
  type: list
  elements: dict
  returned: when the host was read
  contains:
    protocol:
      description: V(tcp) or V(udp).
      type: str
      returned: always
    address:
      description: The local address, without brackets.
      type: str
      returned: always
    port:
      description: The local port.
      type: int
      returned: always
    pid:
      description: The process that holds the socket, or V(none) on Windows 2000, whose netstat does not show it.
      type: int
      returned: always
    family:
      description: V(ipv4) or V(ipv6).
      type: str
      returned: always
    scope:
      description: V(wildcard) for all addresses, V(adapter) for the address of one adapter, V(loopback) for the host itself
        only.
      type: str
      returned: always
    count:
      description: How many endpoints the entry stands for. More than eight that differ only in address and number are one entry.
      type: int
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
      protocol: tcp
      reason: netstat of this Windows also lists the source port of the outgoing connection to 192.0.2.20:80 as LISTENING
      scope: wildcard
windows:
  description: The Windows of the host.
  type: dict
  returned: when the host was read
  contains:
    id:
      description: The version as the collection names it.
      type: str
      returned: always
    name:
      description: The version for people.
      type: str
      returned: always
    caption:
      description: The version as the host says it.
      type: str
      returned: always
    version:
      description: Version of the kernel.
      type: str
      returned: always
    build:
      description: Number of the build.
      type: int
      returned: always
    remark:
      description: What is said of a build that is not known itself, and is counted as the one before. Else empty.
      type: str
      returned: always
    in_domain:
      description: Whether the host is member or controller of a domain.
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
