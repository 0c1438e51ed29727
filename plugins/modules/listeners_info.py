# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.listeners_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: listeners_info
short_description: List every listening port of a host, with its owner
version_added: 0.1.0
description:
  - Lists every listening TCP endpoint and every bound UDP endpoint of the host. For each it shows the process, the service or driver
    behind it, what it is for, and what breaks if it closes.
  - Writes nothing.
  - The number of a dynamic port means nothing, so such a port is explained by its process and service. On Windows 2000, netstat shows no
    process. There the module lists all services that can own the port.
options:
  facts:
    description:
      - With V(true), RV(by_recipe), RV(by_owner) and RV(by_port) are also facts of the host, in C(ansible_facts.netmin_listeners), for
        later
        plays and for a fact cache.
    type: bool
    default: false
  rpc_endpoints:
    description:
      - Whether to ask the host's RPC endpoint mapper as well, as M(netmin.windows.rpc_endpoints_info) does, with the play's credentials
        if it refuses an anonymous client.
      - A dynamic port that several services can own is then given to those whose interface is registered there. A port without an entry,
        or with an interface that is not known, stays as it is.
      - If the map cannot be read, a warning says so.
    type: bool
    default: false
notes:
  - On Windows 2000 and XP, netstat also shows the source port of an outgoing connection as LISTENING. Such rows are listed separately, in
    RV(suspected).
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.detail
  - netmin.windows.connection.connections
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

- name: List the ports of a host as facts
  netmin.windows.listeners_info:
    facts: true

- name: Act only where a web server listens
  ansible.builtin.debug:
    msg: "{{ inventory_hostname }} serves tcp/443: {{ netmin_listeners.by_port['tcp/443'].owners | join(', ') }}"
  when: "'tcp/443' in netmin_listeners.by_port"
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
listeners:
  description:
    - Every listening TCP endpoint and bound UDP endpoint of the host, with its owner and what is known about it.
    - A summary has one entry for the endpoints of a listener that differ only in their address.
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
      returned: with O(detail=full)
    family:
      description: V(ipv4) or V(ipv6).
      type: str
      returned: with O(detail=full)
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
    dynamic:
      description: Whether Windows assigned the port number dynamically. Such a number changes at a boot.
      type: bool
      returned: always
    owner:
      description: The owner, in words.
      type: str
      returned: always
    owners:
      description: Key names of the services or drivers that can own it. There is more than one if the host does not show which
        of them does.
      type: list
      elements: str
      returned: with O(detail=full)
    process:
      description: Name of the process, or V(none) if it is not known.
      type: str
      returned: with O(detail=full)
    recipe:
      description: Id of the recipe that knows it, or V(none).
      type: str
      returned: always
    why:
      description: What it is for. Empty if no recipe knows it.
      type: str
      returned: always
    breaks:
      description: What stops working if it closes. Empty if no recipe knows it.
      type: str
      returned: with O(detail=full)
    management:
      description: Whether the session uses it. Such a listener is always kept.
      type: bool
      returned: always
    interfaces:
      description: The RPC interfaces that the endpoint map lists at it, each with its name, its specification if there is one,
        and its UUID.
      type: list
      elements: str
      returned: with O(rpc_endpoints=true)
  sample:
    - address: 0.0.0.0
      count: 1
      breaks: scheduled tasks; on Windows Vista and later also system maintenance
      dynamic: true
      family: ipv4
      management: false
      owner: Schedule in pid 976
      owners:
        - Schedule
      pid: 976
      port: 1025
      ports: null
      process: svchost.exe
      protocol: tcp
      recipe: rpc-schedule
      scope: wildcard
      why: remote administration of scheduled tasks
      interfaces:
        - atsvc (MS-TSCH) 1ff70682-0a51-30e8-076d-740be8cee98b
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
boot:
  description: What identifies this boot of the host.
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
    last_boot_up_time: '2026-03-02T07:58:05+01:00'
    lsass_created: '2026-03-02T07:58:12+01:00'
    uptime: 5231.5
controls:
  description: For the recipe of each listener, the ids of the controls for this Windows that ask for what a method of it does.
  type: dict
  returned: when the host was read
  sample:
    llmnr-5355:
      - cis-ws2022-4.0.0:18.6.4.4
      - msb-ws2022-21h2:EnableMulticast
by_recipe:
  description: The ports of each recipe, as V(tcp/443). A dynamic port has the number of this boot.
  type: dict
  returned: when the host was read
  sample:
    ike-500-4500:
      - udp/500
      - udp/4500
by_owner:
  description: The ports of each service, driver or program that owns, or can own, them.
  type: dict
  returned: when the host was read
  sample:
    PolicyAgent:
      - udp/500
      - udp/4500
by_port:
  description: What is at each port. C(owners) are its owners, C(recipe) the id of the recipe or V(none), C(scopes) from where
    it can be reached (V(wildcard), V(adapter), V(loopback)), C(dynamic) whether Windows chose the number, C(management) whether
    the session goes through it.
  type: dict
  returned: when the host was read
  sample:
    udp/500:
      dynamic: false
      management: false
      owners:
        - PolicyAgent
      recipe: ike-500-4500
      scopes:
        - wildcard
ansible_facts:
  description: With O(facts=true), the three above as facts.
  type: dict
  returned: when O(facts=true)
  contains:
    netmin_listeners:
      description: RV(by_recipe), RV(by_owner) and RV(by_port).
      type: dict
      returned: always
lines:
  description: The listeners as a table for the terminal, and below it the endpoints that may not be listeners.
  type: list
  elements: str
  returned: when the host was read
  sample:
    - port     address  owner                  why
    - udp/500  0.0.0.0  PolicyAgent in pid 704  answers key exchanges of IPsec
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
