# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all modules share: requirements, attributes and notes."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that all modules share."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - Python 3.11 or newer on the controller
  - ansible-core 2.16 or newer
  - pywinrm 0.5.0 or newer on the controller if the play connects with P(ansible.builtin.winrm#connection)
  - pypsrp 0.9.0 or newer on the controller if the play connects with P(ansible.builtin.psrp#connection)
attributes:
  action:
    description: Runs on the controller. Leaves no file on the host except those of the timer of C(confirm) while it waits.
    support: full
  async:
    description: Supports C(async).
    support: none
  become:
    description: Supports C(become).
    support: none
    details:
      - WS-Management runs as the user of the connection. A task with C(become) is refused.
  connection:
    description: Uses the play's own connection, with its address, transport, certificates and secrets.
    support: full
    details:
      - C(ansible_connection) must be V(winrm) or V(psrp). With P(netmin.windows.capture#connection) the module works on a host in a file,
        without the host, and only reads. Any other connection is refused.
  delegation:
    description: Supports C(delegate_to).
    support: full
    details:
      - Acts on the delegated host, and names that host in its messages.
  platform:
    description: Operating systems that the module can manage.
    support: full
    platforms: windows
notes:
  - The module talks to WMI over WS-Management. It does not use PowerShell, and nothing has to be installed on the host.
  - Set C(gather_facts=false) in the play. Gathering facts starts PowerShell, which the oldest Windows versions do not have.
  - The user of the connection must be an administrator of the host, even for modules that only read.
  - A C(loop) logs in once for each item. Give lists to the options instead.
"""

    CONNECTIONS = r"""
options:
  connections:
    description:
      - Maximum number of connections to the host over which the module reads.
      - The module opens more than one only after the first one has logged in, and only if each answer takes more than 10 ms. Each
        connection logs in once. To a host with a WinRM version before 2.0, which serves five connections in all, it opens at most two.
      - The module uses the first connection for every change and every command, and the others only for reading. The results are the same
        with any number. Use V(1) if the host or the network must see one login only.
    type: int
    choices: [1, 2, 3, 4]
    default: 4
"""
