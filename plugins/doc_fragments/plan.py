# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that plan and change have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the options that concern a plan as a whole."""

    DOCUMENTATION = r"""
options:
  accept:
    description:
      - Hazards that are accepted. What a hazard of this host would break, and that is not listed here, is refused where it is asked for by
        name, and passed over, with the reason, where it is not. RV(hazards) has what was found and what shows it.
      - A hazard holds back the rules of M(netmin.windows.ip_filter) as well. One that the host does not let us look for counts as found.
      - A task tells everything that it refuses at once.
      - Some methods have their hazard on every host, as Remote Desktop has V(rds); the others have it where the host shows it.
      - With V(outgoing-smb) SMB may end in both directions, as the NetBT driver method of
        M(netmin.windows.smb_device) does it. Mapped drives, printers and services on network paths go with it.
      - With V(dependents) what depends on a service is stopped along with it, as with O(dependents=stop).
      - Some things are never done, whatever is accepted. What the session goes through (WinRM, HTTP, Winmgmt, RpcSs and
        all that they depend on) is never stopped, nor is a service without which a Windows host does not work.
    type: list
    elements: str
    choices:
      - backup-agents
      - cluster
      - container-wsl-nat
      - dependents
      - dfs
      - dhcp-netbt-xp
      - domain-controller
      - domain-member
      - established-inbound
      - exchange-sharepoint
      - hyper-v
      - iis-http-sys
      - infrastructure-roles
      - ipsec-vpn
      - iscsi-storage
      - management-agents
      - msdtc-msmq
      - outgoing-smb
      - printing
      - rds
      - rpc-runtime-misconfiguration
      - shares-in-use
      - sql-server
      - task-scheduler
      - time
      - wsus-and-updates
    default: []
  dependents:
    description:
      - What happens to running services that depend on a service which is to be stopped, and which the task does not stop itself.
      - With V(refuse) the task fails and names them. Nothing has been written then.
      - With V(stop) they are stopped first. Their start mode is left as it is.
      - Services that depend on one which is disabled, do not run and may be started later are named in the warnings.
    type: str
    choices: [refuse, stop]
    default: refuse
  record_dir:
    description:
      - A folder on the controller for a copy of the run's record, with the snapshot, in a file named after the host acted upon.
      - Relative paths are the play's. The folder is made where it is not there.
      - The file is on the disk before the first change, readable by its owner alone. Where it cannot be written nothing is changed.
      - The record on the host is what M(netmin.windows.restore) reads. The copy is for people, and may be lost.
    type: path
  unverified:
    description:
      - What becomes of methods that nobody has verified on the Windows at hand.
      - With V(skip) they are left out, and refused where they are asked for by name.
      - With V(apply) they are used. The forecast calls their listeners unknown, and the proof shows what they did.
    type: str
    choices: [skip, apply]
    default: skip
  stop_timeout:
    description:
      - How many seconds a service or driver may take to stop. After that the task fails.
    type: int
    default: 60
attributes:
  check_mode:
    description: Can show what would be done, without writing anything.
    support: full
    details:
      - A guard refuses every write before it is sent. Only what one table lists as reading may leave the controller.
  diff_mode:
    description: Shows details of what was changed, or in check mode of what would be.
    support: full
    details:
      - Shows the settings before and after, and the listeners with what becomes of each.
notes:
  - Before the first write a host that cannot be reached is C(unreachable). From the first write on the task is C(failed), and
    RV(changes) says of each change whether it was done. Running the task again completes it.
  - The forecast is stored on the host, below C(HKLM\SOFTWARE\netmin.windows), before the first change.
    M(netmin.windows.proof_info) reads it there.
  - Nothing that is not known to work on the Windows at hand is written. The task is refused instead, with the reason.
"""
