# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that make the host roll a run back unless it is confirmed."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the option `confirm`, and of `confirm_later` where a role or playbook can confirm."""

    DOCUMENTATION = r"""
options:
  confirm:
    description:
      - Makes the host roll the run back by itself unless the run is confirmed over a new connection in time. The host then restarts once
        if a restored value needs a boot.
      - A timer on the host does this. It starts before the first change. It is a fixed command shell script that does not use PowerShell.
        A scheduled task runs it on Windows Vista and later, a service on older versions. After a boot, the time starts again from zero.
      - The task changes nothing until it has seen the timer run. This option is refused on Windows 2000, if a policy forbids remote shells,
        if the host would restart and WinRM would not answer afterwards, and if a value that would have to be restored cannot be written on
        a command line.
      - A run that fails is not confirmed. Without this option, there is no timer.
    type: dict
    suboptions:
      within:
        description:
          - Seconds until the host rolls the run back, 60 to 86400. The host counts them, and takes a little longer.
          - A run that takes this long fails. It makes no more changes when the time is nearly over.
        type: int
        default: 600
      hold:
        description:
          - Whether the task leaves the timer running, so that M(netmin.windows.confirm) can confirm later, for example after a restart.
        type: bool
        default: false
"""

    LATER = r"""
options:
  confirm_later:
    description:
      - Whether a later task confirms the run, if O(confirm) is given. The roles confirm after the restart, and the playbook
        C(netmin.windows.minimize) confirms after the proof.
      - For roles. In your own plays use O(confirm.hold), which also keeps roles and playbooks from confirming.
    type: bool
    default: false
"""
