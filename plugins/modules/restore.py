# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.restore`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore
short_description: Put back what runs of this collection changed
version_added: 0.1.0
description:
  - Puts back previous states, not factory defaults, of what runs of this collection changed on the host, from the snapshots that they left
    there before their first change. A copy on the controller is not needed.
  - Only what is still as the last run left it is put back. What somebody changed since is left alone and listed in RV(unchanged), unless
    O(force) is set.
  - Services are started again that a run stopped, delayed ones get their delay back, and registry keys that were made for a value are
    deleted once they hold nothing any more. Values that are read at a boot wait for one.
  - After a run that broke off it puts back what was done of it.
  - Where a snapshot cannot be read that may tell of what is to be put back, what the others tell of is put back, and the task fails and
    says which snapshot it is and what to do. So it does in check mode.
options:
  run:
    description:
      - The id of the one run to put back, as RV(snapshots) lists them. All the way to the first snapshot when left out.
    type: str
  stage:
    description:
      - The one stage to put back. All of them when left out.
    type: str
    choices: [services, netbt, smb_device, rpc_restriction, dcom_protocols, name_resolution, ip_filter]
  force:
    description:
      - Whether to put back also what somebody changed since.
    type: bool
    default: false
  record_dir:
    description:
      - A folder on the controller for a copy of the run's record, with the snapshot, in a file named after the host acted upon.
      - Relative paths are the play's. The folder is made where it is not there.
      - The file is on the disk before the first change, readable by its owner alone. Where it cannot be written nothing is changed.
      - The record on the host is what M(netmin.windows.restore) reads. The copy is for people, and may be lost.
    type: path
  stop_timeout:
    description:
      - How many seconds a service or driver may take to stop. After that the task fails.
    type: int
    default: 60
notes:
  - A restore leaves a snapshot of its own, so that it can be taken back by its run.
  - The record of this collection below C(HKLM\SOFTWARE\netmin.windows) stays on the host.
  - An inbound rule of somebody else is not made again. This collection deletes none.
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.confirm
seealso:
  - module: netmin.windows.minimize
  - module: netmin.windows.snapshot_info
  - module: netmin.windows.reboot
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Put everything back
  netmin.windows.restore:

- name: Put back what one run did to services, also what somebody changed since
  netmin.windows.restore:
    run: 20260101T220000Z-4f2a91
    stage: services
    force: true
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Whether anything was changed, or in check mode would be.
  type: bool
  returned: always
changes:
  description: What was changed, in the order in which it was done.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
  contains:
    stage:
      description: The stage that planned it.
      type: str
      returned: always
    target:
      description: The object.
      type: str
      returned: always
    before:
      description: What it was.
      type: raw
      returned: always
    after:
      description: What it is, as read from the host afterwards, or V(none) where it could not be read. In check mode what is
        planned.
      type: raw
      returned: always
    effective:
      description: When it shows at the sockets, V(now) or V(at boot).
      type: str
      returned: always
    why:
      description: One sentence.
      type: str
      returned: always
    status:
      description: V(done), V(not_done), V(unknown) where the answer was lost and could not be settled by reading, or V(planned)
        in check mode.
      type: str
      returned: always
  sample:
    - after: manual
      before: disabled
      effective: at boot
      stage: services
      status: done
      target: service IKEEXT
      why: as it was before the first run of ours that changed it
unchanged:
  description: What the plan leaves alone, and why.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
  contains:
    stage:
      description: The stage that is concerned.
      type: str
      returned: always
    target:
      description: The object.
      type: str
      returned: always
    reason:
      description: Why, from a closed list, for example V(already as asked), V(not on this host) or V(kept).
      type: str
      returned: always
    detail:
      description: More about the reason. Empty where there is no more to say.
      type: str
      returned: always
  sample:
    - detail: ''
      reason: already as asked
      stage: smb_device
      target: HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\SmbDeviceEnabled
before:
  description:
    - What each change found, each change under a name of its own. The start mode of a service goes by the service alone; whether
      it runs by C(stopped service NAME) where it is started, by C(running service NAME) where it is stopped.
  type: dict
  returned: when the host was read
  sample:
    service IKEEXT: disabled
after:
  description: The same, as read from the host afterwards. In check mode what is planned.
  type: dict
  returned: when the host was read
  sample:
    service IKEEXT: manual
forecast:
  description: What becomes of each endpoint that was there before, and why. Made before the first change.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
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
      description: Whether the number was handed out by the system. Such an endpoint is known again by its owner.
      type: bool
      returned: always
    owner:
      description: The owner in words.
      type: str
      returned: always
    owners:
      description: The services, drivers or programs that can own it. Empty where nothing is known.
      type: list
      elements: str
      returned: always
    recipe:
      description: Id of the recipe that knows it, or V(none).
      type: str
      returned: always
    now:
      description: What is expected as soon as the changes are made, V(open), V(closed) or V(unknown).
      type: str
      returned: always
    boot:
      description: What is expected after the next boot, V(open), V(closed) or V(unknown).
      type: str
      returned: always
    outlook:
      description: Both in words, for example V(closes now), V(closes at the next boot), V(stays), V(stays, filtered), V(opens
        again) or V(kept).
      type: str
      returned: always
    why:
      description: One sentence.
      type: str
      returned: always
  sample:
    - address: 0.0.0.0
      count: 1
      boot: closed
      dynamic: false
      family: ipv4
      now: closed
      outlook: closes now
      owner: PolicyAgent in pid 704
      owners: []
      pid: 704
      port: 500
      protocol: udp
      recipe: ike-500-4500
      scope: wildcard
      why: PolicyAgent will not run
residue:
  description: Listeners that stay open and are not kept, each with the reason.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
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
      description: V(wildcard) for all addresses, V(adapter) for the address of one adapter.
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
      description: Key names of the services or drivers that can own it, or the program where no service lives there.
      type: list
      elements: str
      returned: always
    recipe:
      description: Id of the recipe that knows it, or V(none).
      type: str
      returned: always
    why:
      description: Why it stays.
      type: str
      returned: always
    instead:
      description: What an administrator can do about it. Empty where it is filtered.
      type: str
      returned: always
    filtered:
      description: Whether an inbound rule that is in force drops what comes in for it.
      type: bool
      returned: always
  sample:
    - address: 0.0.0.0
      count: 1
      dynamic: true
      family: ipv4
      filtered: false
      instead: let the stage ip_filter drop it
      owner: wininit.exe in pid 544
      owners:
        - wininit.exe
      pid: 544
      port: 49664
      protocol: tcp
      recipe: rpc-wininit
      scope: wildcard
      why: wininit registers RPC over TCP, no switch is known
confirm:
  description: The timer by which the host would put the run back; null where O(confirm) is not given.
  type: dict
  returned: when the host was read
  contains:
    armed:
      description: Whether the timer was armed, and seen to run.
      type: bool
      returned: always
    within:
      description: After how many seconds the host puts the run back.
      type: int
      returned: always
    confirmed:
      description: Whether the run was confirmed, and the timer seen to end.
      type: bool
      returned: always
    carrier:
      description: What starts the timer, V(scheduled task) or V(service). Null where nothing is to be armed.
      type: str
      returned: always
    outcome:
      description: What became of the timer.
      type: str
      returned: always
  sample:
    armed: true
    carrier: scheduled task
    confirmed: true
    outcome: confirmed; nothing is left of the timer
    within: 600
record_file:
  description: The file on the controller that holds a copy of the run's record; null where none was wanted, or nothing was
    to change.
  type: str
  returned: when the host was read and the plan was not refused
  sample: records/server1.20260101T220000Z-4f2a91.json
snapshot:
  description:
    - What the plan touches, as it was before the first change. It was written to the host and read back before anything was
      changed.
    - Empty in check mode and where nothing was to change.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
  sample:
    - after:
        data: 0
        type: DWORD
      before: null
      name:
        - SYSTEM\CurrentControlSet\Services\NetBT\Parameters
        - SmbDeviceEnabled
      object: registry
      stage: smb_device
summary:
  description: How many listeners have which outlook. Endpoints on the loopback are not counted.
  type: dict
  returned: when the host was read and the plan was not refused
  contains:
    listeners:
      description: All listeners that were there before.
      type: int
      returned: always
    closes_now:
      description: Those that close as soon as the changes are made.
      type: int
      returned: always
    closes_at_boot:
      description: Those that close at the next boot, or are reachable from the host itself only from then on.
      type: int
      returned: always
    stays:
      description: Those that stay open.
      type: int
      returned: always
    filtered:
      description: Those whose socket stays, and for which an inbound rule that is in force drops what comes in.
      type: int
      returned: always
    kept:
      description: Those that stay open because they are wanted.
      type: int
      returned: always
    unknown:
      description: Those of which nothing certain can be said.
      type: int
      returned: always
  sample:
    closes_at_boot: 7
    closes_now: 6
    filtered: 0
    kept: 1
    listeners: 14
    stays: 0
    unknown: 0
listeners_before:
  description: Every endpoint of the host before the first change. The same fields as RV(listeners).
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
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
listeners:
  description: Every endpoint of the host after the last change. In check mode as it is now.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
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
  returned: when the host was read and the plan was not refused
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
reboot_required:
  description: Whether a boot is still to come, for a setting that waits for one, or an endpoint or a service that ends only
    then.
  type: bool
  returned: when the host was read and the plan was not refused
run:
  description: Id of this run. M(netmin.windows.proof_info) returns it as RV(netmin.windows.proof_info#module:forecast_run).
  type: str
  returned: when the host was read and the plan was not refused
  sample: 20260302T081541Z-9f3a1c
management:
  description:
    - What the session goes through, as the host sees it. None of it is ever stopped, disabled or dropped. Null where nothing
      is to change.
  type: dict
  returned: when the host was read and the plan was not refused
  contains:
    listeners:
      description: WinRM's own listeners that are enabled.
      type: list
      elements: dict
      returned: always
      contains:
        address:
          description: The address as it is configured; C(*) for all.
          type: str
          returned: always
          sample: '*'
        port:
          description: The TCP port.
          type: int
          returned: always
          sample: 5985
        transport:
          description: C(HTTP) or C(HTTPS).
          type: str
          returned: always
          sample: HTTP
    connections:
      description: The connections that peers have with them. That of the session is among them.
      type: list
      elements: dict
      returned: always
      contains:
        address:
          description: The address of the host.
          type: str
          returned: always
          sample: 192.0.2.10
        port:
          description: The port of the listener.
          type: int
          returned: always
          sample: 5985
        peer:
          description: The address of the peer, as the host sees it.
          type: str
          returned: always
          sample: 192.0.2.9
        peer_port:
          description: The port of the peer.
          type: int
          returned: always
          sample: 50100
    unknown:
      description: Why the path is not known; empty where it is. As long as it is not known no inbound rule is added.
      type: str
      returned: always
      sample: ''
windows:
  description: The Windows of the host.
  type: dict
  returned: when the host was read and the plan was not refused
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
snapshots:
  description: The snapshots that were on the host, oldest first.
  type: list
  elements: dict
  returned: when the host was read
  contains:
    run:
      description: The id of the run.
      type: str
      returned: always
    readable:
      description: Whether it can be read. Where one that cannot may tell of what is to be put back, the task fails.
      type: bool
      returned: always
    objects:
      description: What the run touched, as it was before.
      type: list
      elements: dict
      returned: always
  sample:
    - objects: []
      readable: true
      run: 20260101T220000Z-4f2a91
"""
