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
      - Ids of the hazards that you accept. If a change would trigger a hazard of this host that is not listed here, the change is refused
        if you asked for it by name. Otherwise it is skipped, with the reason. RV(hazards) shows the hazards found and the evidence.
      - A hazard also holds back the rules of M(netmin.windows.ip_filter). If the host does not let the module check a
        hazard, the hazard counts as found.
      - A task reports everything that it refuses at once.
      - Some methods have their hazard on every host, for example V(rds) for Remote Desktop. The others have it only if it is found on the
        host.
      - With V(outgoing-smb), SMB may be stopped in both directions, as the NetBT driver method of M(netmin.windows.smb_device) does.
        Mapped drives, printers and services that use network paths stop working.
      - With V(dependents), services that depend on a stopped service are stopped too, as with O(dependents=stop).
      - Some things are never done, even if accepted. The services that the session uses (WinRM, HTTP, Winmgmt, RpcSs and everything they
        depend on) are never stopped. Neither are services that Windows cannot work without.
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
      - port-proxy
      - printing
      - rds
      - rpc-runtime-misconfiguration
      - server-roles
      - shares-in-use
      - sql-server
      - task-scheduler
      - time
      - wsus-and-updates
    default: []
  dependents:
    description:
      - What to do with running services that depend on a service to be stopped, and that the task does not stop anyway.
      - With V(refuse), the task fails before it writes anything, and names them, if you asked for the service by name. Otherwise the
        service is skipped, and RV(unchanged) says why.
      - With V(stop), they are stopped first. Their start mode does not change.
      - If a service that is disabled has dependents that do not run now but may start later, a warning names them.
    type: str
    choices: [refuse, stop]
    default: refuse
  unverified:
    description:
      - What to do with methods that are not verified on this version of Windows.
      - With V(skip), they are skipped, or refused if you asked for them by name.
      - With V(apply), they are used. The forecast calls their listeners unknown, and the proof shows the effect.
    type: str
    choices: [skip, apply]
    default: skip
  rpc_endpoints:
    description:
      - Whether to ask the host's RPC endpoint mapper as well, as M(netmin.windows.rpc_endpoints_info) does, with the play's credentials
        if it refuses an anonymous client.
      - A dynamic port that several services can own is then given to those whose interface is registered there. A port without an entry,
        or with an interface that is not known, stays as it is.
      - RV(residue) names the interfaces behind each RPC port. If the map cannot be read, a warning says so.
    type: bool
    default: false
  stop_timeout:
    description:
      - Seconds to wait for a service or driver to stop or start before the task fails.
    type: int
    default: 60
attributes:
  action_group:
    description: Belongs to groups of actions, whose common options C(module_defaults) can set at once.
    support: full
    details:
      - C(group/netmin.windows.stages) sets O(accept), O(confirm), O(dependents), O(keep), O(missing), O(record_dir),
        O(rpc_endpoints), O(stop_timeout) and O(unverified).
      - C(group/netmin.windows.changes), which also contains M(netmin.windows.restore), sets O(confirm), O(record_dir) and O(stop_timeout).
    membership:
      - netmin.windows.changes
      - netmin.windows.stages
  check_mode:
    description: Can show what would be done without writing anything.
    support: full
    details:
      - A guard blocks every write before it is sent. Only requests from a fixed list of read requests may leave the controller.
  diff_mode:
    description: Shows what was changed, or in check mode what would be changed.
    support: full
    details:
      - Shows the settings before and after, and the forecast for each listener.
notes:
  - If the host cannot be reached before the first write, the task is C(unreachable). If something fails after the first write, the task
    is C(failed), and RV(changes) says for each change whether it was done. Run the task again to complete it.
  - The forecast is stored on the host, below C(HKLM\SOFTWARE\netmin.windows), before the first change. M(netmin.windows.proof_info) reads
    it from there.
  - A setting is written only if it is known to work, at least in part, on this version of Windows, or if it is unverified and
    O(unverified=apply). A request for any other setting is refused, with the reason.
"""
