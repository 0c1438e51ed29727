# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module `netmin.windows.probe_info`: the look from outside, at the place of the probe. The action plugin of the same name calls it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: probe_info
short_description: Look from outside at the ports of a host, and compare with what the host lists
version_added: 0.1.0
description:
  - A host's own list says what listens. This module says what others reach. It connects to TCP ports and asks UDP ports, from another
    place in the network, and puts both views of each port side by side.
  - Runs on the host that the task is delegated to, which is the place of the probe. Without C(delegate_to) this is the controller.
    The place of the probe needs Python and no privileges, and nothing is installed there.
  - To a TCP port it connects with a full handshake, sends nothing and closes. UDP ports are asked by the requests in O(udp_requests), one
    datagram each.
  - What a host answers is counted and thrown away. No byte of it is in a result.
  - The states are C(open), C(closed) (somebody refused), C(silent) and C(not_tested), each with the evidence. A port of a Windows with its
    firewall on is silent if nothing listens there (stealth mode, on since Windows Vista), so C(silent) outside agrees with a port that is
    closed inside. A UDP port that is silent proves nothing.
  - Who looks at which host from where, and which ticket permits it, is written to Ansible's log before the first packet.
  - Writes nothing.
requirements:
  - Python 3.9 or newer at the place of the probe
options:
  host:
    description:
      - The host of the inventory that is looked at. The default is the host of the task.
    type: str
  address:
    description:
      - Which of the addresses of O(host) are looked at. The default is all of them.
      - The inventory alone says which addresses there are - C(ansible_host), or else the name of the host, and those in the variable
        C(probe_addresses). Every other address is refused, so a host cannot send the probe to another one.
      - A name is resolved once, at the start, at the place of the probe.
    type: list
    elements: str
  endpoints:
    description:
      - What the host lists. That is RV(netmin.windows.listeners_info#module:listeners) of M(netmin.windows.listeners_info), or the
        endpoints in RV(netmin.windows.proof_info#module:proof) of M(netmin.windows.proof_info), which also know what was closed and
        what a rule drops.
      - Only their ports are used, never their addresses. Endpoints of IPv6 are looked at only if an address of O(host) is one of IPv6.
    type: list
    elements: dict
    default: []
  ports:
    description:
      - The ports to look at. V(listed) stands for those of O(endpoints), others are written as V(tcp/445), V(udp/137) or V(tcp/1-1024).
      - Everything but V(listed) is a scan, and needs O(scan_permitted).
    type: list
    elements: str
    default: [listed]
  scan_permitted:
    description:
      - The ticket, or whatever else names who permitted to scan this host. It is shown in the log and in the result.
    type: str
  udp_requests:
    description:
      - What UDP ports are asked. A port that no request is for is not tested.
      - V(dns) is a query without recursion (53), V(netbios) a node status request (137), V(ntp) a client's request (123), V(rpc) a ping
        for a call that was never made (135). They change nothing on any host.
      - V(ike) offers a key exchange (500, 4500), V(llmnr) and V(mdns) ask by unicast (5355, 5353), V(snmp) reads the uptime with the
        community C(public) (161), V(ssdp) searches (1900), and V(tftp) asks for a file that does not exist (69). They are sent only where
        they are named, because logs and intrusion detection show them as more than they are.
    type: list
    elements: str
    choices: [dns, ike, llmnr, mdns, netbios, ntp, rpc, snmp, ssdp, tftp]
    default: [dns, netbios, ntp, rpc]
  rate:
    description:
      - Maximum number of connections and datagrams a second to this host, 1 to 200.
    type: int
    default: 20
  timeout:
    description:
      - Maximum number of seconds to wait for an answer, 1 to 60.
    type: int
    default: 3
  retries:
    description:
      - How often a silent port is tried again, 0 to 5.
    type: int
    default: 1
  limit:
    description:
      - Maximum number of seconds for the whole look. What is left then is not tested.
    type: int
    default: 900
  strict:
    description:
      - With V(true), the task fails if more was reached than the host lists.
    type: bool
    default: false
notes:
  - An intrusion detection sees the place of the probe connect to many ports of one host in a short time, which most call a port scan.
    Give its operators the line of the log.
  - The module keeps no more than 64 sockets open. Ansible looks at as many hosts at once as it has forks, so a host that answers nothing
    does not hold the others.
attributes:
  action:
    description: Reads the inventory on the controller, and joins both views there.
    support: full
  delegation:
    description: The host of C(delegate_to) is the place of the probe.
    support: full
  platform:
    description: Operating systems that the module can look at.
    support: full
    platforms: windows
extends_documentation_fragment:
  - netmin.windows.reading
seealso:
  - module: netmin.windows.listeners_info
  - module: netmin.windows.proof_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: List what listens
  netmin.windows.listeners_info:
  register: listed

- name: Look at it from the controller
  netmin.windows.probe_info:
    endpoints: "{{ listed.listeners }}"

- name: Look at it from the guests' network, slowly, and fail if more is reached than the host lists
  netmin.windows.probe_info:
    endpoints: "{{ listed.listeners }}"
    rate: 5
    strict: true
  delegate_to: probe.guests.example

- name: Look for listeners that the host does not list
  netmin.windows.probe_info:
    endpoints: "{{ listed.listeners }}"
    ports: [listed, tcp/1-1024]
    scan_permitted: CHG-4711
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
host:
  description: The host that was looked at.
  type: str
  returned: success
  sample: web01.example
place:
  description: The place of the probe, as in C(delegate_to).
  type: str
  returned: success
  sample: localhost
addresses:
  description: The addresses that were looked at.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: As the inventory has it.
      type: str
      returned: always
    address:
      description: As it was resolved, once, at the place of the probe.
      type: str
      returned: always
  sample:
    - name: web01.example
      address: 192.0.2.10
permitted:
  description: The ticket in O(scan_permitted), or V(none).
  type: str
  returned: success
  sample: null
told:
  description: The line in Ansible's log - who looked at which host, from where, at how many ports and how fast, and which ticket
    permits it.
  type: str
  returned: success
  sample: 'probe: alice on controller looks at web01.example (192.0.2.10) from localhost: 14 ports, 20 a second, UDP requests
    dns, netbios, ntp, rpc, listed endpoints only, which needs no ticket'
at:
  description: When the look ended, by the controller's clock, in ISO 8601 and UTC.
  type: str
  returned: success
  sample: '2026-01-01T22:00:41+00:00'
outside:
  description: What the probe found. Ports that are neither listed nor open share an entry if the same is to be said of them.
  type: list
  elements: dict
  returned: success
  contains:
    address:
      description: The address that was looked at.
      type: str
      returned: always
    protocol:
      description: V(tcp) or V(udp).
      type: str
      returned: always
    port:
      description: The port, or the first of RV(outside[].ports).
      type: int
      returned: always
    ports:
      description: All ports of the entry, as in V(1-134, 136-444), or V(none) if it is one.
      type: str
      returned: always
    state:
      description: V(open), V(closed) if somebody refused, V(silent) if nobody answered, or V(not_tested).
      type: str
      returned: always
    evidence:
      description: What happened, in one sentence.
      type: str
      returned: always
    listed:
      description: Whether O(endpoints) names it.
      type: bool
      returned: always
  sample:
    - address: 192.0.2.10
      protocol: tcp
      port: 445
      ports: null
      state: silent
      evidence: no answer within 3 seconds (tried 2 times)
      listed: true
states:
  description: Number of ports by what the probe found.
  type: dict
  returned: success
  contains:
    open:
      description: A handshake or an answer.
      type: int
      returned: always
    closed:
      description: A refusal.
      type: int
      returned: always
    silent:
      description: No answer.
      type: int
      returned: always
    not_tested:
      description: Nothing was sent.
      type: int
      returned: always
  sample:
    open: 3
    closed: 0
    silent: 9
    not_tested: 2
endpoints:
  description: Each port that is listed or was reached, as both see it.
  type: list
  elements: dict
  returned: success
  contains:
    address:
      description: The address that was looked at.
      type: str
      returned: always
    protocol:
      description: V(tcp) or V(udp).
      type: str
      returned: always
    port:
      description: The port.
      type: int
      returned: always
    owner:
      description: The owner, as the host's list says.
      type: str
      returned: always
    inside:
      description: What the host says - V(listens), V(filtered), V(loopback_only), V(closed), V(unknown) or V(not_listed).
      type: str
      returned: always
    outside:
      description: What the probe says, as RV(outside[].state).
      type: str
      returned: always
    agreement:
      description:
        - V(agrees), V(listens_but_not_reached), V(reached_but_not_listed), V(reached_though_filtered), V(not_tested), or V(not_known)
          if nothing follows from both, as from a UDP port that is silent.
      type: str
      returned: always
    evidence:
      description: The evidence of the probe, in one sentence.
      type: str
      returned: always
    why:
      description: What both say together, in one sentence.
      type: str
      returned: always
  sample:
    - address: 192.0.2.10
      protocol: tcp
      port: 445
      owner: srvnet in pid 4
      inside: closed
      outside: silent
      agreement: agrees
      evidence: no answer within 3 seconds (tried 2 times)
      why: the host lists nothing there that others reach, and nothing answered the probe, as in stealth mode or behind a firewall
counts:
  description: Number of ports by RV(endpoints[].agreement).
  type: dict
  returned: success
  contains:
    agrees:
      description: Both views agree.
      type: int
      returned: always
    listens_but_not_reached:
      description: The host listens, and the probe did not reach it.
      type: int
      returned: always
    reached_but_not_listed:
      description: The probe reached what the host does not list.
      type: int
      returned: always
    reached_though_filtered:
      description: The probe reached what a rule of the host should drop.
      type: int
      returned: always
    not_known:
      description: Nothing follows from both.
      type: int
      returned: always
    not_tested:
      description: Nothing was sent.
      type: int
      returned: always
  sample:
    agrees: 11
    listens_but_not_reached: 0
    reached_but_not_listed: 0
    reached_though_filtered: 0
    not_known: 1
    not_tested: 2
contradicted:
  description: A sentence for each port of which more was reached than the host lists.
  type: list
  elements: str
  returned: success
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule  # noqa: E402  # ansible-test wants the documentation in front
from ansible_collections.netmin.windows.plugins.module_utils.probe import ARGUMENTS, NotResolved, run  # noqa: E402
from ansible_collections.netmin.windows.plugins.module_utils.probe_ports import WrongPorts  # noqa: E402


def main() -> None:
    """Look, and return what was found."""
    module = AnsibleModule(argument_spec=dict(ARGUMENTS), supports_check_mode=True)
    try:
        found = run(module.params)
    except (NotResolved, PermissionError, WrongPorts) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
