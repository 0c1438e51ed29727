# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.listeners_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: listeners_info
short_description: List every listening port of a host, with its owner
version_added: 0.1.0
description:
  - Lists every listening TCP endpoint and every bound UDP endpoint of the host, and explains each. It tells the process, the
    service or driver behind it, what it is for, and what breaks without it.
  - Writes nothing.
  - A dynamic port means nothing by its number, and is explained by its process and service. On Windows 2000, whose netstat shows
    no process, such a port gets all services that can own it.
notes:
  - netstat of Windows 2000 and XP also shows the source port of an outgoing connection as LISTENING. Such rows are listed apart,
    as RV(suspected).
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.reading
seealso:
  - module: netmin.windows.minimize
  - module: netmin.windows.proof_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: List the ports of a host
  netmin.windows.listeners_info:
  register: audit

- name: Show what others can reach
  ansible.builtin.debug:
    msg: "{{ item.protocol }}/{{ item.port }} on {{ item.address }} belongs to {{ item.owner }}: {{ item.why }}"
  loop: "{{ audit.listeners | rejectattr('scope', 'equalto', 'loopback') }}"
  loop_control:
    label: "{{ item.port }}"
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
listeners:
  description: Every listening TCP endpoint and bound UDP endpoint of the host, with its owner and what is known of it.
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
    dynamic:
      description: Whether the number was handed out by the system. Such a number does not survive a boot.
      type: bool
      returned: always
    owner:
      description: The owner in words.
      type: str
      returned: always
    owners:
      description: Key names of the services or drivers that can own it. More than one where the host does not show which it
        is.
      type: list
      elements: str
      returned: always
    process:
      description: Name of the process, or V(none) where it is not known.
      type: str
      returned: always
    recipe:
      description: Id of the recipe that knows it, or V(none).
      type: str
      returned: always
    why:
      description: What it is for. Empty where no recipe knows it.
      type: str
      returned: always
    breaks:
      description: What does not work any more once it is closed. Empty where no recipe knows it.
      type: str
      returned: always
    management:
      description: Whether the session goes through it. Such a listener is always kept.
      type: bool
      returned: always
  sample:
    - address: 0.0.0.0
      count: 1
      breaks: scheduled tasks; from Windows Vista on system maintenance too
      dynamic: true
      family: ipv4
      management: false
      owner: Schedule in pid 976
      owners:
        - Schedule
      pid: 976
      port: 1025
      process: svchost.exe
      protocol: tcp
      recipe: rpc-schedule
      scope: wildcard
      why: remote administration of scheduled tasks
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
boot:
  description: What tells this boot of the host from another.
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
    last_boot_up_time: '2026-03-02T07:58:05+01:00'
    lsass_created: '2026-03-02T07:58:12+01:00'
    uptime: 5231.5
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
