# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module of the collection asks of the play, the connection and the host."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation that all modules share."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - pywinrm on the controller where the play's connection is P(ansible.builtin.winrm#connection)
  - pypsrp on the controller where the play's connection is P(ansible.builtin.psrp#connection)
attributes:
  action:
    description: Runs on the controller; nothing is copied to the host but for the timer of C(confirm).
    support: full
  action_group:
    description: Belongs to a group of actions, whose common options C(module_defaults) can set at once.
    support: full
    membership:
      - netmin.windows.stages
  async:
    description: Can be used with C(async).
    support: none
  become:
    description: Can be used with C(become).
    support: none
    details:
      - WS-Management runs as the user of the connection; a task with C(become) is refused.
  connection:
    description: Uses the play's own connection, with its address, transport, certificates and secrets.
    support: full
    details:
      - C(ansible_connection) must be V(winrm) or V(psrp); any other connection is refused.
  delegation:
    description: Can be used with C(delegate_to).
    support: full
    details:
      - Acts on the host that the task is delegated to, and names that host in its messages.
  platform:
    description: The systems that can be acted on.
    support: full
    platforms: windows
notes:
  - The module asks WMI over WS-Management. No PowerShell is started, and nothing has to be installed on the host.
  - Set C(gather_facts=false) in the play. Gathering facts starts PowerShell, which the oldest systems do not have.
  - The user of the connection must be an administrator of the host, even where the module only reads.
  - A C(loop) costs one login for each item. Give lists to the options instead.
"""
