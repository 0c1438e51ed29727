# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.services`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: services
short_description: Stop unneeded services and keep them from starting again
version_added: 0.1.0
description:
  - Stops services through the service control manager, and sets their start mode from the next boot on.
  - A fixed port closes when its service stops. The ports of an RPC server stay open until the process that holds them ends. If a service
    shares its process with others, that is at the next boot.
  - A service that has running dependents is refused, unless the same task stops them or O(dependents=stop).
  - Some running services cannot be stopped (C(AcceptStop) of C(Win32_Service) is false). Such a service, and any service it depends on,
    runs until the next boot. The task sets only its start mode, lists it in RV(unchanged), and sets RV(reboot_required) to true.
options:
  services:
    description:
      - The services to change, and what to do with each.
      - A name that the host does not have is refused, and the message suggests similar names, unless O(missing=skip). A display name is
        refused too, and the message gives the key name.
      - The driver C(NetBT) is refused here. M(netmin.windows.smb_device) has a method for it.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The key name, as C(sc query) shows it. Case does not matter.
        type: str
        required: true
      state:
        description:
          - V(stopped) stops the service now.
          - V(unchanged) sets only the start mode.
        type: str
        choices: [stopped, unchanged]
        default: stopped
      start_mode:
        description:
          - The start mode from the next boot on.
          - The system or another service may start a service in mode V(manual) again, and its ports may come back.
          - V(auto) requires O(services[].state=unchanged).
        type: str
        choices: [auto, manual, disabled]
        default: disabled
notes:
  - From J.-B. Marchand, Minimizing Windows network services (2002-2003), on unused services and on RPC services.
  - The services that the session uses (WinRM, HTTP, Winmgmt, RpcSs and everything they depend on) are never stopped or disabled. Neither
    are services that Windows cannot work without. These include Netlogon, LanmanWorkstation and W32Time on domain members and domain
    controllers, and Dhcp if an adapter uses DHCP. No option changes that.
extends_documentation_fragment:
  - netmin.windows.confirm
  - netmin.windows.connection
  - netmin.windows.detail
  - netmin.windows.connection.connections
  - netmin.windows.keep
  - netmin.windows.plan
  - netmin.windows.record
seealso:
  - module: netmin.windows.minimize
  - module: netmin.windows.listeners_info
  - module: netmin.windows.proof_info
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Close the ports of IPsec, SSDP and the clock on Windows XP
  netmin.windows.services:
    services:
      - name: PolicyAgent
      - name: SSDPSRV
      - name: W32Time

- name: Stop the web server of Windows 2000 and all services that depend on it
  netmin.windows.services:
    services:
      - name: IISADMIN
    dependents: stop

- name: Keep the Task Scheduler running until the next boot, but disable it from then on
  netmin.windows.services:
    services:
      - name: Schedule
        state: unchanged
        start_mode: disabled

- name: Show what disabling a service would close, and change nothing
  netmin.windows.services:
    services:
      - name: MSDTC
  check_mode: true
  diff: true
  register: plan
"""

# Written by tests/unit/return_values.py; change return_values.yml beside that instead.
RETURN = r"""
changed:
  description: Whether anything was changed, or in check mode would be.
  type: bool
  returned: always
changes:
  description: The changes, in the order in which they were made.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
  contains:
    stage:
      description: The stage that planned it.
      type: str
      returned: always
    target:
      description: The object to change. If more than 32 changes differ only in their object, they share one entry, which names
        the first.
      type: str
      returned: always
    count:
      description: Number of changes in this entry.
      type: int
      returned: always
    targets:
      description: All objects of an entry that stands for many changes.
      type: list
      elements: str
      returned: with O(detail=full), if the entry stands for many changes
    before:
      description: The value before.
      type: raw
      returned: always
    after:
      description: The value as read from the host afterwards, or V(none) if it could not be read. In check mode, the planned
        value.
      type: raw
      returned: always
    effective:
      description: When the change affects the ports, V(now) or V(at boot).
      type: str
      returned: always
    why:
      description: The reason, in one sentence.
      type: str
      returned: always
    status:
      description: V(done); V(not_done); V(unknown) if its answer was lost, or the host could not be read afterwards; V(planned)
        in check mode.
      type: str
      returned: always
  sample:
    - after: stopped
      before: running
      count: 1
      effective: now
      stage: services
      status: done
      target: service PolicyAgent
      why: 'IPsec key exchange; breaks: IPsec policies, L2TP and IKEv2 VPN, connection security rules'
    - after: disabled
      before: auto
      count: 1
      effective: at boot
      stage: services
      status: done
      target: service PolicyAgent
      why: 'IPsec key exchange; breaks: IPsec policies, L2TP and IKEv2 VPN, connection security rules'
hazards:
  description:
    - The hazards of this host that concern the plan, with the evidence. If nothing is to be changed, the host is not asked
      for hazards.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
  contains:
    id:
      description: The id of the hazard, as O(accept) takes it.
      type: str
      returned: always
    gate:
      description: V(accept) for a change that is refused or skipped unless O(accept) lists the hazard; V(warn) for one that
        is reported and made; V(never) for one that is never made.
      type: str
      returned: always
    what:
      description: What the change breaks.
      type: str
      returned: always
    evidence:
      description: What shows the hazard, and what could not be checked, in the host's own names. If there are more than 20,
        the number of the others.
      type: list
      elements: str
      returned: always
    detected:
      description: Whether the hazard was found. V(false) if the host did not allow the check. Such a hazard counts as found,
        unless it is accepted.
      type: bool
      returned: always
    affects:
      description: The part of the plan that it concerns, as recipe ids, or as objects that no recipe knows.
      type: list
      elements: str
      returned: always
    accepted:
      description: Whether O(accept) lists it.
      type: bool
      returned: always
    confidence:
      description: How reliable the knowledge is, V(documented), V(observed) or V(memory).
      type: str
      returned: always
  sample:
    - accepted: false
      affects:
        - smb-445
      confidence: documented
      detected: true
      evidence:
        - share Data C:\Data
        - session clerk 192.0.2.77
      gate: accept
      id: shares-in-use
      what: clients lose files and printers, and open files may be damaged
unchanged:
  description: The objects that the plan leaves unchanged, and why.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
  contains:
    stage:
      description: The stage that the object belongs to.
      type: str
      returned: always
    target:
      description: The object to change.
      type: str
      returned: always
    reason:
      description: The reason, from a fixed list, for example V(already as asked), V(not on this host) or V(kept).
      type: str
      returned: always
    detail:
      description: More about the reason, or empty.
      type: str
      returned: always
  sample:
    - detail: ''
      reason: already as asked
      stage: services
      target: service SSDPSRV
before:
  description: The settings that the task is about, as they were before, by stage.
  type: dict
  returned: with O(detail=full), when the host was read and the plan was not refused
  sample:
    services:
      PolicyAgent:
        start_mode: auto
        state: running
after:
  description:
    - The same settings, as read from the host afterwards. V(none) if the host could no longer be read.
    - In check mode, the planned settings.
  type: dict
  returned: with O(detail=full), when the host was read and the plan was not refused
  sample:
    services:
      PolicyAgent:
        start_mode: disabled
        state: stopped
forecast:
  description:
    - For each endpoint that was there before, what will happen to it and why. Made before the first change.
    - A summary has one entry for the endpoints of a listener that differ only in their address.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
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
      description: Whether Windows assigned the port number dynamically. Such an endpoint is recognized by its owner.
      type: bool
      returned: always
    owner:
      description: The owner, in words.
      type: str
      returned: always
    owners:
      description: The services, drivers or programs that can own it. Empty if nothing is known.
      type: list
      elements: str
      returned: with O(detail=full)
    recipe:
      description: Id of the recipe that knows it, or V(none).
      type: str
      returned: always
    now:
      description: Expected state after the changes, V(open), V(closed) or V(unknown).
      type: str
      returned: with O(detail=full)
    boot:
      description: Expected state after the next boot, V(open), V(closed) or V(unknown).
      type: str
      returned: with O(detail=full)
    outlook:
      description: Both in words, for example V(closes now), V(closes at the next boot), V(stays), V(stays, filtered), V(opens
        again) or V(kept).
      type: str
      returned: always
    why:
      description: The reason, in one sentence.
      type: str
      returned: always
    listens:
      description: Whether the listing after the changes shows it, or one of many. V(none) in check mode, and if there is no
        such listing.
      type: bool
      returned: always
  sample:
    - address: 0.0.0.0
      count: 1
      boot: closed
      dynamic: false
      family: ipv4
      listens: false
      now: closed
      outlook: closes now
      owner: PolicyAgent in pid 704
      owners: []
      pid: 704
      port: 500
      ports: null
      protocol: udp
      recipe: ike-500-4500
      scope: wildcard
      why: PolicyAgent will not run
residue:
  description:
    - Listeners that stay open and are not kept, each with the reason.
    - A summary has one entry for the listeners of one owner that stay for the same reason, with all their ports.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
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
      description: V(wildcard) for all addresses, V(adapter) for the address of one adapter.
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
      description: Key names of the services or drivers that can own it, or the program if it is not a service.
      type: list
      elements: str
      returned: with O(detail=full)
    recipe:
      description: Id of the recipe that knows it, or V(none).
      type: str
      returned: always
    why:
      description: Why it stays open.
      type: str
      returned: always
    instead:
      description: What an administrator can do about it. Empty if it is filtered.
      type: str
      returned: always
    filtered:
      description: Whether an inbound rule that is in force drops its inbound traffic.
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
      dynamic: true
      family: ipv4
      filtered: false
      instead: drop its inbound traffic with the stage ip_filter
      owner: wininit.exe in pid 544
      owners:
        - wininit.exe
      pid: 544
      port: 49664
      ports: null
      protocol: tcp
      recipe: rpc-wininit
      scope: wildcard
      why: wininit registers RPC over TCP, and no setting is known that stops it
      interfaces:
        - WindowsShutdown (MS-RSP) d95afe70-a6d5-4259-822e-2c84da1ddb0d
confirm:
  description: The timer with which the host would roll the run back. V(none) without O(confirm).
  type: dict
  returned: when the host was read
  contains:
    armed:
      description: Whether the timer was started and seen running.
      type: bool
      returned: always
    within:
      description: Seconds until the host rolls the run back.
      type: int
      returned: always
    hold:
      description: Whether O(confirm.hold) leaves it to a later task of the user's to confirm.
      type: bool
      returned: always
    confirmed:
      description: Whether the run was confirmed and the timer was seen to end.
      type: bool
      returned: always
    carrier:
      description: What starts the timer, V(scheduled task) or V(service). V(none) if no timer is needed.
      type: str
      returned: always
    outcome:
      description: The state of the timer, in words.
      type: str
      returned: always
  sample:
    armed: true
    hold: false
    carrier: scheduled task
    confirmed: true
    outcome: confirmed; the timer is gone
    within: 600
record_file:
  description: The file on the controller with the copy of the run's record. V(none) if no copy was requested or nothing was
    to be changed.
  type: str
  returned: when the host was read and the plan was not refused
  sample: records/server1.20260101T220000Z-4f2a91.json
snapshot:
  description:
    - The objects that the plan changes, as they were before the first change. The snapshot was written to the host and read
      back before anything was changed.
    - Empty in check mode, or if nothing was to be changed.
  type: list
  elements: dict
  returned: with O(detail=full), when the host was read and the plan was not refused
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
  description: The number of endpoints by outlook, IPv4 and IPv6 apart. Those of the loopback are not counted.
  type: dict
  returned: when the host was read and the plan was not refused
  contains:
    listeners:
      description: All endpoints before the first change.
      type: int
      returned: always
    closes_now:
      description: Listeners that close when the changes are made.
      type: int
      returned: always
    closes_at_boot:
      description: Listeners that close at the next boot, or that only the host itself can reach from then on.
      type: int
      returned: always
    stays:
      description: Listeners that stay open.
      type: int
      returned: always
    opens:
      description: Those that are closed, and open again once a restore is done and the host has booted. They are not among
        RV(summary.listeners).
      type: int
      returned: always
    filtered:
      description: Listeners whose socket stays, but whose inbound traffic is dropped by a rule that is in force.
      type: int
      returned: always
    kept:
      description: Listeners that stay open because they are kept.
      type: int
      returned: always
    unknown:
      description: Listeners with an unknown outlook.
      type: int
      returned: always
    closed:
      description: Listeners that were there before the first change and are gone after the last one, by the listings. V(none)
        if the host could no longer be read.
      type: int
      returned: always
  sample:
    closed: 6
    closes_at_boot: 7
    closes_now: 6
    filtered: 0
    kept: 1
    listeners: 14
    opens: 0
    stays: 0
    unknown: 0
listeners_before:
  description: Every endpoint of the host before the first change. The same fields as RV(listeners).
  type: list
  elements: dict
  returned: with O(detail=full), when the host was read and the plan was not refused
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
listeners:
  description: Every endpoint of the host after the last change. In check mode, every endpoint now.
  type: list
  elements: dict
  returned: with O(detail=full), when the host was read and the plan was not refused
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
  returned: when the host was read and the plan was not refused
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
reboot_required:
  description: Whether the host needs a boot, because a setting takes effect, or an endpoint or service ends, only then.
  type: bool
  returned: when the host was read and the plan was not refused
run:
  description: Id of this run. M(netmin.windows.proof_info) returns it as RV(netmin.windows.proof_info#module:forecast_run).
  type: str
  returned: when the host was read and the plan was not refused
  sample: 20260302T081541Z-9f3a1c
management:
  description:
    - The management path, which the session uses, as the host sees it. No part of it is ever stopped, disabled or dropped.
      V(none) if nothing is to be changed.
  type: dict
  returned: when the host was read and the plan was not refused
  contains:
    listeners:
      description: The enabled listeners of WinRM.
      type: list
      elements: dict
      returned: always
      contains:
        address:
          description: The address as configured, C(*) for all.
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
      description: The connections of peers to these listeners. The connection of the session is one of them.
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
    more:
      description: Number of connections that are not listed. A summary lists at most 16.
      type: int
      returned: always
      sample: 0
    unknown:
      description: Why the path is not known, or empty if it is. While it is not known, no inbound rule is added.
      type: str
      returned: always
      sample: ''
windows:
  description: The Windows of the host.
  type: dict
  returned: when the host was read and the plan was not refused
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
