# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.minimize`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minimize
short_description: Close the TCP and UDP ports that a host does not need
version_added: 0.1.0
description:
  - Runs all stages in one task and one session. It lists and explains every endpoint, makes a plan and a forecast, makes the changes, and
    reads everything again.
  - Without options, it chooses for each listener the method that is known to close it on this version of Windows, from Windows 2000 to
    Server 2025. It never writes a setting that is not known to work there.
  - Some ports close only at the next boot, and the forecast says so. Only M(netmin.windows.reboot), and a host that rolls a run back
    under O(confirm), restart it. M(netmin.windows.proof_info) then tells whether the forecast came true.
options:
  recipes:
    description:
      - Ids of the recipes to use, and no others. M(netmin.windows.listeners_info) returns the id for each listener that a recipe knows.
      - By default, the recipes of a default install, plus the recipes of all listeners found, if a working method is known.
        RV(unchanged) and RV(residue) list the rest, with the reason.
      - A recipe that does not exist is refused, and the message suggests similar names. A recipe that closes nothing or does harm on this
        version of Windows is refused with the reason.
    type: list
    elements: str
  controls:
    description:
      - Controls of benchmarks. The plan does what these controls ask for, and nothing else. With O(recipes), it also uses those recipes.
      - Write a control as C(BENCHMARK:RULE). The id of a benchmark ends with its version, for example
        V(stig-ws2022-v2r8:WN22-CC-000260) or V(cis-ws2022-4.0.0:18.6.4.4). C(docs/controls.md) lists all of them. DISA's V numbers
        can be used too.
      - V(BENCHMARK:*) stands for all controls of a benchmark that this collection meets, and a section, for example
        V(cis-ws2022-3.0.0:18.6.4), for those below it. RV(unchanged) lists the others.
      - For a control that asks for one service to be disabled, only this service is stopped and disabled, even if the recipe has more.
      - A control without a benchmark or version, one that does not exist, and one that this collection does not meet are refused before
        any host is contacted. The message suggests similar ids.
      - A control for another Windows or another domain role is skipped, and RV(unchanged) says so, so one list can be used for a mixed
        fleet.
      - A control that needs O(accept) or O(unverified) is refused if you listed it by its id. With V(BENCHMARK:*) or a section it is
        skipped.
    type: list
    elements: str
  controls_file:
    description:
      - A YAML file on the controller with benchmarks of your own, for O(controls) and RV(controls). A relative path is relative to the
        play. In a playbook of this collection, it is relative to the current folder.
      - It is a list of benchmarks with C(id), C(name), C(version) and C(rules), and optionally C(windows). A rule has an C(id) and either
        a C(setting) of C(docs/controls.md), or a C(recipe) and a C(method).
      - The schema is C(benchmarks.schema.json) in C(plugins/plugin_utils/_knowledge/schema).
      - A benchmark with the id of one that this collection has replaces it.
    type: path
  only_confirmed:
    description:
      - A file that M(netmin.windows.doctor_info) or M(netmin.windows.doctor) wrote for this very host with
        O(netmin.windows.doctor_info#module:file).
      - The plan then does only what rests on assumptions that were confirmed on the host. A recipe that rests on one that was contradicted,
        or was not to be seen, is left alone, with the id of the assumption in RV(unchanged). It is refused if it was asked for by name, and
        so are options of a stage.
      - The task is refused if the file is about another host or another Windows, or if something is not confirmed that every plan needs.
        So a file is refused that was made on a capture, which does not show how the host takes queries.
      - A relative path is relative to the play. In a playbook of this collection, it is relative to the current folder.
    type: path
  baseline:
    description:
      - A baseline, in place of O(keep). It is a YAML file on the controller that says what may listen in each inventory group and on each
        host, with a reason and an owner for each entry.
      - What the baseline allows this host today is kept. A listener that is allowed on a narrower scope than it has is kept too, with a
        warning.
      - An entry whose last day (C(until)) is over allows nothing. From 30 days before, a warning names the day.
      - A service or port of the baseline that this host does not have is passed over, whatever O(missing) says.
      - A relative path is relative to the play. In a playbook of this collection, it is relative to the current folder.
      - A task that gives both O(baseline) and O(keep) is refused.
    type: path
  stages:
    description:
      - The stages to run. They always run in the order of the choices.
      - Options for a stage that is not in this list are refused.
    type: list
    elements: str
    choices: [services, netbt, smb_device, rpc_restriction, dcom_protocols, name_resolution, rpc_filters, ip_filter]
    default: [services, netbt, smb_device, rpc_restriction, dcom_protocols, name_resolution, rpc_filters, ip_filter]
  services:
    description:
      - The services to change, and what to do with each, as in M(netmin.windows.services).
      - By default, the services that the recipes name are stopped and disabled, and services that the host does not have are skipped.
      - A list replaces this default. An empty list leaves all services unchanged.
      - A name that the host does not have is refused, and the message suggests similar names. A display name is refused too, and the
        message gives the key name.
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
  netbt:
    description:
      - NetBIOS over TCP/IP. By default, it is disabled on all adapters, including disconnected and hidden ones. Up to Windows XP,
        C(LmHosts) is also stopped and disabled.
      - The same options as in M(netmin.windows.netbt). If you give any, they replace the whole default.
    type: dict
    suboptions:
      netbios:
        description:
          - NetBIOS over TCP/IP on the adapters that O(netbt.adapters) selects. Left unchanged by default.
          - V(disabled) closes udp/137, udp/138 and tcp/139 of the adapter. V(enabled) opens them.
          - V(dhcp) uses the setting of the DHCP server, and turns NetBIOS on if the server sends none. This is the default of Windows.
          - V(disabled) breaks NetBIOS names that are not in DNS, browsing in the Network Neighborhood, and peers older than Windows 2000.
        type: str
        choices: [disabled, enabled, dhcp]
      adapters:
        description:
          - The adapters to change, by GUID, description, MAC address or IP address. By default, or with V(*), all of them.
          - An adapter that the host does not have is refused, and the message lists the adapters of the host.
        type: list
        elements: str
      lmhosts:
        description:
          - Start mode of the service C(LmHosts), the helper for NetBIOS names. Left unchanged by default.
          - V(manual) and V(disabled) also stop the service. It opens no port itself; the driver does.
        type: str
        choices: [auto, manual, disabled]
  smb_device:
    description:
      - SMB over port 445. By default, it is closed with V(smb_server) on Windows Vista and later, at once, and with V(smb_device_enabled)
        on older versions, at the next boot.
      - The same options as in M(netmin.windows.smb_device). If you give any, they replace the whole default.
    type: dict
    suboptions:
      smb_over_tcp:
        description:
          - Whether the host offers SMB directly over port 445. Left unchanged by default.
          - V(disabled) closes tcp/445 and udp/445 with O(smb_device.method). V(enabled) undoes the setting of O(smb_device.method).
          - V(disabled) breaks shares, administrative shares and remote management over named pipes.
        type: str
        choices: [disabled, enabled]
      method:
        description:
          - V(smb_device_enabled) sets C(SmbDeviceEnabled) (REG_DWORD 0) below C(HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters).
            It takes effect at the next boot and does not change NetBIOS over TCP/IP.
          - V(netbt_driver) stops C(LanmanWorkstation), C(LanmanServer) and the driver C(NetBT), and sets the driver's C(Start) (REG_DWORD
            4). Ports 137 to 139 and 445 close at once. SMB stops in both directions, as server and as client.
          - V(netbt_driver) is refused unless O(accept) lists V(outgoing-smb). It is always refused on a domain member or domain
            controller.
          - V(netbt_driver) is also refused if the host's DHCP Client depends on NetBT, as on Windows XP, and an adapter has its address
            from DHCP. The host would lose its address.
          - V(smb_server) stops and disables C(LanmanServer), C(Browser) and C(HomeGroupListener), and stops the drivers C(srv2), C(srv)
            and C(srvnet), in this order. tcp/445 closes at once, without a boot. The SMB client keeps working. For Windows Vista and
            later; refused on older versions.
          - By default V(smb_server) on Windows Vista and later, and V(smb_device_enabled) on older versions.
        type: str
        choices: [smb_device_enabled, netbt_driver, smb_server]
  rpc_restriction:
    description:
      - Interfaces, ports and remote endpoints of RPC servers. By default, no interface is restricted, because RPC servers that are not
        needed are disabled instead. On Windows Vista and later services.exe loses its TCP port, on Windows 10 and later the account
        database too.
      - The same options as in M(netmin.windows.rpc_restriction). If you give any, they replace the whole default.
    type: dict
    suboptions:
      interfaces:
        description:
          - The interfaces on which RPC servers listen over TCP. Affects only servers that do not request all interfaces themselves.
          - V(loopback), or indexes from 1 as C(rpccfg -l) lists them. These are not WMI indexes. V(loopback) is index 1.
          - V(all), as the only entry, removes the restriction. If C(ListenOnInternet) is off, give
            O(rpc_restriction.listen_on_internet=true) too.
          - Sets C(Bind) (REG_MULTI_SZ) below C(HKLM\SYSTEM\CurrentControlSet\Services\Rpc\Linkage). Takes effect at the next boot.
          - For Windows 2000 only; refused on later versions. On Windows XP it has no effect, and from Server 2003 on the value has
            another format.
          - An empty list is refused, because no RPC server could register any more.
        type: list
        elements: str
      listen_on_internet:
        description:
          - With V(false), the endpoint mapper binds tcp/135 to the interfaces in O(rpc_restriction.interfaces), or in the list that the
            host already has. Refused if there is neither.
          - With V(true), it binds to all interfaces, as it does if the value does not exist.
          - Sets C(ListenOnInternet) (REG_SZ) below C(HKLM\SYSTEM\CurrentControlSet\Services\RpcSs). Takes effect at the next boot.
          - V(false) is for Windows 2000 only; refused on later versions.
        type: bool
      intranet_ports:
        description:
          - Port ranges from which RPC servers take their ports, as C(rpccfg -pi) writes them. At least 100 ports in total, from 1025 to
            65535, without overlap.
          - Sets C(Ports), C(PortsInternetAvailable) and C(UseInternetPorts) below C(HKLM\SOFTWARE\Microsoft\Rpc\Internet). Takes effect
            at the next boot.
          - Cannot be combined with O(rpc_restriction.internet_ports) or O(rpc_restriction.default_ports).
        type: list
        elements: str
      internet_ports:
        description:
          - Like O(rpc_restriction.intranet_ports), but as C(rpccfg -pe) writes them.
          - Cannot be combined with O(rpc_restriction.intranet_ports) or O(rpc_restriction.default_ports).
        type: list
        elements: str
      default_ports:
        description:
          - V(true) deletes C(Ports), C(PortsInternetAvailable) and C(UseInternetPorts), so that RPC servers use the default port range
            again.
          - Cannot be combined with O(rpc_restriction.intranet_ports) or O(rpc_restriction.internet_ports).
        type: bool
      service_control:
        description:
          - Remote control of services over TCP, on Windows Vista and later. Left unchanged by default.
          - V(no_tcp) sets C(DisableRPCOverTCP) (REG_DWORD 1) below C(HKLM\SYSTEM\CurrentControlSet\Control). From the next boot on,
            services.exe has no TCP port. The named pipe stays.
          - V(local_only) sets C(DisableRemoteScmEndpoints) (REG_DWORD 1) in the same key, which also ends the named pipe.
          - V(default) deletes both values.
        type: str
        choices: [no_tcp, local_only, default]
      account_database:
        description:
          - The account database (SAM) over TCP, on Windows 10, Server 2016 and later. Left unchanged by default.
          - V(no_tcp) sets C(SamDisableListenOnTCP) (REG_DWORD 1) below C(HKLM\SYSTEM\CurrentControlSet\Control\Lsa). Nobody has
            measured that the port closes, and other interfaces of LSASS may keep it open, so it is refused without O(unverified=apply).
          - V(default) deletes the value.
        type: str
        choices: [no_tcp, default]
      spooler:
        description:
          - Remote printing, on Windows Vista and later. Left unchanged by default.
          - V(local_only) sets C(RegisterSpoolerRemoteRpcEndPoint) (REG_DWORD 2) below C(HKLM\SOFTWARE\Policies\Microsoft\Windows
            NT\Printers). It is not verified that this closes the port, so it is refused without O(unverified=apply).
          - V(no_tcp), on Windows 11 22H2 and later, sets C(RpcProtocols) (REG_DWORD 3) below
            C(HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Printers\RPC), so that print jobs are accepted over named pipes only.
          - V(no_tcp) is from memory, so it is refused without O(unverified=apply).
          - V(default) deletes both values.
        type: str
        choices: [local_only, no_tcp, default]
      task_scheduler:
        description:
          - Remote administration of scheduled tasks over TCP, on Windows Vista and later. Left unchanged by default.
          - V(no_tcp) sets C(DisableRpcOverTcp) (REG_DWORD 1) below C(HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule). It is
            not verified that this closes the port, so it is refused without O(unverified=apply).
          - V(default) deletes the value.
        type: str
        choices: [no_tcp, default]
  dcom_protocols:
    description:
      - DCOM. By default, on Windows 2000 and XP remote activation is turned off and V(ncacn_ip_tcp) is removed from the list, so that
        tcp/135 closes. Later versions keep that port open whatever the list says, so nothing is written there.
      - The same options as in M(netmin.windows.dcom_protocols). If you give any, they replace the whole default.
    type: dict
    suboptions:
      enable_dcom:
        description:
          - Whether other hosts can activate COM objects on this host. Left unchanged by default.
          - V(false) turns remote activation off. This closes no port.
          - Breaks remote WMI over DCOM in both directions, certificate auto-enrollment and remote administration of COM+. This collection
            uses none of them.
          - Sets C(EnableDCOM) (REG_SZ V(Y) or V(N)) below C(HKLM\SOFTWARE\Microsoft\Ole). Takes effect at the next boot.
        type: bool
      remove:
        description:
          - Protocol sequences to remove from the list that DCOM uses. All others stay, in their order.
          - Once V(ncacn_ip_tcp) is removed, tcp/135 closes at the next boot if no RPC server uses TCP any more.
          - If the list becomes empty, it stays as an empty REG_MULTI_SZ. On a host without the list, none is created.
          - Breaks remote WMI over DCOM, remote management consoles, and remote access to every RPC service with a dynamic port. COM on
            the host itself keeps working.
          - Sets C(DCOM Protocols) (REG_MULTI_SZ) below C(HKLM\SOFTWARE\Microsoft\Rpc). Takes effect at the next boot.
          - For Windows 2000 and XP only. Refused on later versions. On Server 2003 the effect is not verified. From Vista on it closes
            nothing, because RPC servers that cannot be stopped use TCP.
        type: list
        elements: str
        choices:
          - ncacn_ip_tcp
          - ncadg_ip_udp
          - ncacn_spx
          - ncadg_ipx
          - ncacn_nb_tcp
          - ncacn_nb_nb
          - ncacn_nb_ipx
          - ncacn_vns_spp
          - ncacn_dnet_nsp
          - ncacn_at_dsp
          - ncadg_at_ddp
          - ncacn_http
          - ncadg_mq
  name_resolution:
    description:
      - Sockets of the DNS client. By default, those that this version of Windows has are closed.
      - The same options as in M(netmin.windows.name_resolution). If you give any, they replace the whole default.
    type: dict
    suboptions:
      max_cached_sockets:
        description:
          - Number of sockets that the DNS client keeps open between queries. With V(0), each query uses a new socket, as on Windows 2000.
          - Sets C(MaxCachedSockets) (REG_DWORD) below C(HKLM\SYSTEM\CurrentControlSet\Services\Dnscache\Parameters). Takes effect when
            the DNS client restarts, at the latest at the next boot.
          - For Windows XP only; refused on other versions. Windows 2000 always uses a new socket for each query.
        type: int
      llmnr:
        description:
          - Link-local multicast name resolution (LLMNR) on udp/5355, on Windows Vista and later. Left unchanged by default.
          - V(disabled) sets C(EnableMulticast) (REG_DWORD 0) below C(HKLM\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient). Takes effect
            at the next boot. Single-label names of neighbours that are not in DNS no longer resolve.
          - V(default) deletes the value.
        type: str
        choices: [disabled, default]
      mdns:
        description:
          - Multicast DNS of the DNS client on udp/5353, on Windows 10 1607, Server 2016 and later. Left unchanged by default.
          - V(disabled) sets C(EnableMDNS) (REG_DWORD 0) below C(HKLM\SYSTEM\CurrentControlSet\Services\Dnscache\Parameters). Takes effect
            at the next boot. Browsers and other programs that open the port with their own sockets keep it open.
          - V(default) deletes the value.
        type: str
        choices: [disabled, default]
  rpc_filters:
    description:
      - Filters of RPC calls, which refuse calls from other hosts to interfaces that must listen. By default, filters are neither made nor
        deleted.
      - The same options as in M(netmin.windows.rpc_filters).
    type: dict
    suboptions:
      presets:
        description:
          - Groups of RPC interfaces whose calls from other hosts are refused. What no filter touches goes on, and so do calls of the
            host itself.
          - V(service_control), control of services and drivers. Breaks C(services.msc) and C(sc.exe) from another host, and tools that
            install an agent over SMB.
          - V(scheduled_tasks). Breaks C(schtasks /s) and the Task Scheduler console from another host.
          - V(event_log), reading and clearing the event log. Breaks the Event Viewer from another host, and collectors that read by
            RPC. Event forwarding over WinRM goes on.
          - V(remote_registry), the registry and performance counters. Breaks C(regedit) and C(perfmon) from another host, vulnerability
            scanners that log in, and some inventory tools.
          - V(print_spooler), printing on this host. Breaks the printers that it shares. One of the interfaces is that of the IPsec
            policy agent as well, whose settings then cannot be managed from another host.
          - V(encrypting_file_system). Breaks encrypted files on shares of this host.
          - V(dfs_namespaces), management of DFS namespaces. Breaks the DFS Management console from another host.
          - V(remote_shutdown). Breaks C(shutdown /m) from another host. A restart over WinRM goes on.
          - V(remote_sessions), terminal sessions. Breaks C(query session /server), and brokers that ask a session host. Remote Desktop
            itself goes on.
          - V(router_management). Breaks the Routing and Remote Access console from another host.
          - V(dcom_activation), over TCP only. Breaks WMI and consoles that use DCOM from another host. WMI over WinRM goes on.
        type: list
        elements: str
        choices:
          - service_control
          - scheduled_tasks
          - event_log
          - remote_registry
          - print_spooler
          - encrypting_file_system
          - dfs_namespaces
          - remote_shutdown
          - remote_sessions
          - router_management
          - dcom_activation
      interfaces:
        description:
          - Single RPC interfaces whose calls from other hosts are refused, as M(netmin.windows.rpc_endpoints_info) shows them.
          - An interface that the management path, the firewall or COM on the host itself needs is refused. So is one that a domain
            needs, on its members or controllers.
        type: list
        elements: dict
        suboptions:
          uuid:
            description:
              - The UUID of the interface.
            type: str
            required: true
          protocols:
            description:
              - Over which protocols calls are refused. Both by default.
              - V(tcp) is C(ncacn_ip_tcp). V(pipe) is C(ncacn_np), the named pipes of SMB.
            type: list
            elements: str
            choices: [tcp, pipe]
          reason:
            description:
              - Why nobody outside needs it. The plan shows it.
            type: str
            required: true
      allow:
        description:
          - SIDs of accounts or groups whose calls go on, for example V(S-1-5-32-544) for administrators. By default nobody's do.
          - A list of filters does not show whom a filter permits. The key of the filter tells whether these are the accounts that you
            asked for.
          - There is no exception by address. Before build 26200 Windows does not know the address of a call over a named pipe.
        type: list
        elements: str
      state:
        description:
          - With V(present), missing filters are made.
          - With V(absent), filters of the O(rpc_filters.presets) and O(rpc_filters.interfaces) are deleted. Without these, all filters
            that this collection made are.
        type: str
        choices: [present, absent]
        default: present
      without_confirm:
        description:
          - If filters are made and O(confirm) is not set, the host rolls the run back unless it is confirmed within 600 seconds, as with
            O(confirm). V(true) turns that off.
          - A filter that comes out wrong could block every RPC call of the host.
        type: bool
        default: false
  ip_filter:
    description:
      - Inbound block rules in the Windows Firewall of the host for ports that stay open. By default, rules are neither added nor removed.
      - The same options as in M(netmin.windows.ip_filter).
    type: dict
    suboptions:
      residue:
        description:
          - What to do with listeners that stay open. Left unchanged by default.
          - V(drop) adds a rule for each of them, and removes the rules of this module that are no longer needed. A rule names a fixed
            port, or, for the dynamic port of an RPC server, its program and service. Rule names begin with C(netmin.windows).
          - A rule is no longer needed if its listener is kept or closes for good, or if every service that could open the port is gone or
            disabled. If nothing listens now but something may listen again, for example a service with start mode manual, the rule stays
            and RV(unchanged) says so. A rule for a port that no recipe knows stays too.
          - V(leave) removes all rules that this module added.
          - Kept listeners and the listeners of WinRM are never dropped. Neither is the listener of a service that a server role needs,
            for example a web server. A listener with a hazard needs the same O(accept) here as for closing it.
          - On a domain controller, nothing is dropped.
          - If a rule would not be in force, none is added, and RV(unchanged) says why. A rule is in force if the services C(BFE) and
            C(MpsSvc) run, the firewall is on in the profile of each connected interface, and no policy makes Windows ignore local rules.
        type: str
        choices: [drop, leave]
      unknown:
        description:
          - Whether V(drop) includes listeners that no recipe knows, for example those of applications.
        type: bool
        default: false
notes:
  - Order of changes. First those that take effect at once, then those that wait for a boot, last those that could affect the session.
    Within these groups they are ordered by stage. Within a stage, start modes come
    before stops, and dependents before what they depend on.
  - On a domain member, C(W32Time) is never stopped, because Kerberos needs synchronized clocks. The default plan skips it and says so in
    RV(unchanged). If O(services) names it, the task is refused.
  - An empty dictionary for a stage leaves everything in that stage unchanged.
  - From J.-B. Marchand, Minimizing Windows network services (2002-2003); Microsoft, KB 825750, KB 154596.
attributes:
  action_group:
    description: Belongs to groups of actions, whose common options C(module_defaults) can set at once.
    support: full
    details:
      - C(group/netmin.windows.stages) sets O(accept), O(confirm), O(dependents), O(keep), O(missing), O(record_dir),
        O(rpc_endpoints), O(stop_timeout) and O(unverified).
      - C(group/netmin.windows.changes), which also contains M(netmin.windows.restore), sets O(confirm), O(record_dir) and O(stop_timeout).
      - C(group/netmin.windows.baseline) sets O(baseline).
    membership:
      - netmin.windows.baseline
      - netmin.windows.changes
      - netmin.windows.stages
extends_documentation_fragment:
  - netmin.windows.confirm
  - netmin.windows.confirm.later
  - netmin.windows.connection
  - netmin.windows.detail
  - netmin.windows.connection.connections
  - netmin.windows.keep
  - netmin.windows.plan
  - netmin.windows.record
  - netmin.windows.window
seealso:
  - module: netmin.windows.doctor_info
  - module: netmin.windows.listeners_info
  - module: netmin.windows.reboot
  - module: netmin.windows.proof_info
  - module: netmin.windows.services
  - module: netmin.windows.netbt
  - module: netmin.windows.smb_device
  - module: netmin.windows.rpc_restriction
  - module: netmin.windows.dcom_protocols
  - module: netmin.windows.name_resolution
author:
  - The netmin.windows contributors (@netmin)
"""

EXAMPLES = r"""
- name: Show what would be closed, and what it would break
  netmin.windows.minimize:
  check_mode: true
  diff: true

- name: Close everything except the file server
  netmin.windows.minimize:
    keep:
      - recipe: smb-445
        reason: shares of the accounting department
  register: minimized

- name: Close everything except what the baseline allows
  netmin.windows.minimize:
    baseline: baseline.yml

- name: Restart the host if a port closes only at the next boot
  netmin.windows.reboot:
  when: minimized.reboot_required

- name: Prove it
  netmin.windows.proof_info:
    strict: true

- name: Run only the stages for services and NetBIOS, with a list of services
  netmin.windows.minimize:
    stages:
      - services
      - netbt
    services:
      - name: PolicyAgent
      - name: Schedule
        start_mode: manual
    netbt:
      netbios: disabled
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
      before: dhcp
      count: 1
      effective: now
      stage: netbt
      status: done
      target: adapter 3Com EtherLink PCI {6D7F6A4E-52C1-4F7E-9D0B-3A0A4C7B2E11}
      why: 'NetBIOS over TCP/IP disabled: udp/137, udp/138 and tcp/139 of this adapter'
    - after: 0
      before: null
      count: 1
      effective: at boot
      stage: smb_device
      status: done
      target: HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\SmbDeviceEnabled
      why: 'SMB over TCP closes: tcp/445 and udp/445 of NetBT, which keeps 137 to 139'
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
    - detail: shares of the accounting department
      reason: kept
      stage: smb_device
      target: SMB over TCP
before:
  description: The settings that the task is about, as they were before, by stage.
  type: dict
  returned: with O(detail=full), when the host was read and the plan was not refused
  sample:
    netbt:
      adapter 3Com EtherLink PCI {6D7F6A4E-52C1-4F7E-9D0B-3A0A4C7B2E11}: dhcp
    services:
      PolicyAgent:
        start_mode: auto
        state: running
    smb_device:
      HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\SmbDeviceEnabled: null
after:
  description:
    - The same settings, as read from the host afterwards. V(none) if the host could no longer be read.
    - In check mode, the planned settings.
  type: dict
  returned: with O(detail=full), when the host was read and the plan was not refused
  sample:
    netbt:
      adapter 3Com EtherLink PCI {6D7F6A4E-52C1-4F7E-9D0B-3A0A4C7B2E11}: disabled
    services:
      PolicyAgent:
        start_mode: disabled
        state: stopped
    smb_device:
      HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\SmbDeviceEnabled: 0
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
controls:
  description:
    - For the recipe of each listener, the ids of the controls for this Windows that ask for what a method of it does. A recipe
      without any is left out.
    - If O(controls) is given, each entry of RV(changes) also has C(controls), the ids of the selected controls that ask for
      it.
  type: dict
  returned: when the host was read and the plan was not refused
  sample:
    llmnr-5355:
      - cis-ws2022-4.0.0:18.6.4.4
      - msb-ws2022-21h2:EnableMulticast
"""
