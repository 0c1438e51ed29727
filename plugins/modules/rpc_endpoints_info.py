# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.rpc_endpoints_info`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rpc_endpoints_info
short_description: List the RPC interfaces of a host and the ports they are at
version_added: 0.1.0
description:
  - Asks the endpoint mapper of the host, at TCP port 135, which RPC interfaces are registered at which port or pipe, and names them.
  - The controller connects to the address of the play's connection (C(ansible_host)). WinRM is not used, so this works without it.
  - It asks anonymously first. A client Windows refuses that by default. It then asks again with the user and password of the play, by NTLM.
  - Writes nothing on the host. An intrusion detection may report the listing of an endpoint map as reconnaissance.
options:
  credentials:
    description:
      - Whether to send the credentials of the play to port 135 if an anonymous client is refused.
      - They are sent only if the play itself logs in with a password (C(basic), C(credssp), C(negotiate), C(ntlm)), never if it uses
        Kerberos or a client certificate.
    type: bool
    default: true
  local:
    description:
      - Whether to list entries of local calls (C(ncalrpc)), which no other computer can reach.
    type: bool
    default: false
notes:
  - The map lists what has registered. A port without an entry can be an RPC port all the same, and an interface without an entry can answer
    at any port of its process.
  - Names and owners come from a list in this collection. RV(endpoints) says for each how well it is founded.
  - Asking with credentials needs pyspnego, which pywinrm and pypsrp bring.
requirements:
  - Python 3.11 or newer on the controller
  - ansible-core 2.16 or newer
attributes:
  action:
    description: Runs on the controller.
    support: full
  check_mode:
    description: Works the same in check mode, because it writes nothing.
    support: full
  connection:
    description: Uses the address of the play's connection, and its user and password where it has to log in.
    support: partial
    details:
      - C(ansible_connection) may be any. Credentials are used of V(winrm) and V(psrp) alone. A host in a file
        (P(netmin.windows.capture#connection)) shows the map that was captured, and is refused if none was.
  delegation:
    description: Supports C(delegate_to).
    support: full
    details:
      - Asks the delegated host. The controller connects in any case.
  diff_mode:
    description: There are no differences to show.
    support: none
  platform:
    description: Operating systems that the module can manage.
    support: full
    platforms: windows
seealso:
  - module: netmin.windows.listeners_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: List the RPC interfaces of a host
  netmin.windows.rpc_endpoints_info:
  register: rpc

- name: Show them by port
  ansible.builtin.debug:
    var: rpc.by_port

- name: Ask without sending credentials anywhere
  netmin.windows.rpc_endpoints_info:
    credentials: false
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Always V(false).
  type: bool
  returned: always
address:
  description: The address that was asked.
  type: str
  returned: always
state:
  description:
    - V(read) if the mapper answered. V(partial) if its answers reached a bound or broke off; what came is listed.
    - V(refused) if the mapper does not answer this client. V(closed) if the host refuses connections to port 135. V(silent)
      if nothing came back in time, as behind a firewall. V(broken) if what came back is no answer of an endpoint mapper.
    - Only V(read) with no entry is an empty map.
  type: str
  returned: always
  sample: read
evidence:
  description: What happened, in one sentence.
  type: str
  returned: always
  sample: '192.0.2.10 port 135: 38 entries (an anonymous client is refused)'
authenticated:
  description: Whether the mapper answered only after a login.
  type: bool
  returned: always
entries:
  description: Number of entries, those of local calls included.
  type: int
  returned: always
endpoints:
  description: The entries, in the order of the map.
  type: list
  elements: dict
  returned: always
  contains:
    uuid:
      description: The UUID of the interface.
      type: str
      returned: always
    version:
      description: Its version.
      type: str
      returned: always
    name:
      description: Its name. Empty if it is not known.
      type: str
      returned: always
    specification:
      description: The open specification that describes it. Empty if none is known.
      type: str
      returned: always
    services:
      description: Key names of the services that can own it.
      type: list
      elements: str
      returned: always
    processes:
      description: Names of programs that serve it by themselves.
      type: list
      elements: str
      returned: always
    annotation:
      description: What the server says of itself.
      type: str
      returned: always
    object:
      description: The UUID of the object, or V(none).
      type: str
      returned: always
    binding:
      description: The endpoint as a string binding.
      type: str
      returned: always
    sequence:
      description: The protocol sequence, V(ncacn_ip_tcp), V(ncadg_ip_udp), V(ncacn_np), V(ncacn_http), V(ncalrpc) or V(other).
      type: str
      returned: always
    endpoint:
      description: The port, or the name of the pipe.
      type: str
      returned: always
    address:
      description: The address or name of the host in the entry. V(0.0.0.0) is every address.
      type: str
      returned: always
    protocol:
      description: V(tcp) or V(udp) where there is a port, else V(none).
      type: str
      returned: always
    port:
      description: The port, or V(none).
      type: int
      returned: always
    confidence:
      description: How well name and specification are founded, V(documented), V(observed) or V(memory). V(none) for an interface
        that is not known.
      type: str
      returned: always
    owner_confidence:
      description: How well services and processes are founded. V(none) where none is known.
      type: str
      returned: always
  sample:
    - uuid: 86d35949-83c9-4044-b424-db363231fd0c
      version: '1.0'
      name: ITaskSchedulerService
      specification: MS-TSCH
      services:
        - Schedule
      processes: []
      annotation: ''
      object: null
      binding: ncacn_ip_tcp:192.0.2.10[49666]
      sequence: ncacn_ip_tcp
      endpoint: '49666'
      address: 192.0.2.10
      protocol: tcp
      port: 49666
      confidence: documented
      owner_confidence: memory
by_port:
  description: The interfaces at each port, each with its name, its specification if there is one, and its UUID.
  type: dict
  returned: always
  sample:
    tcp/49666:
      - ITaskSchedulerService (MS-TSCH) 86d35949-83c9-4044-b424-db363231fd0c
"""
