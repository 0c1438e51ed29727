# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Documentation of `netmin.windows.minimize`; the code is the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: minimize
short_description: Close the TCP and UDP ports that a host does not need
version_added: 0.1.0
description:
  - Carries out all stages in one task and one session. It lists and explains every endpoint, plans, makes a forecast, changes
    what differs, and reads everything again.
  - Without any option it chooses for each listener the method that is known to close it on the Windows at hand, from Windows 2000 to
    Server 2025. What is not known to work there is never written.
  - What closes only at a boot is forecast as such. Only M(netmin.windows.reboot) restarts a host, and
    M(netmin.windows.proof_info) tells afterwards whether the forecast has come true.
options:
  recipes:
    description:
      - Ids of recipes, as M(netmin.windows.listeners_info) returns one for each listener, to carry out and no others.
      - When left out, the recipes of what a default install of this Windows has, and that of every listener which is found, as far as
        something is known to close it there. What is left alone is in RV(unchanged) and RV(residue), with the reason.
      - A recipe that does not exist is refused with the nearest names, one that closes nothing or does harm on this Windows with
        the reason.
    type: list
    elements: str
  stages:
    description:
      - The stages that are carried out. They always come in the order of the choices.
      - Options of a stage that is left out here are refused.
    type: list
    elements: str
    choices: [services, netbt, smb_device, rpc_restriction, dcom_protocols, name_resolution, ip_filter]
    default: [services, netbt, smb_device, rpc_restriction, dcom_protocols, name_resolution, ip_filter]
  services:
    description:
      - Services, and what is wanted of each, as for M(netmin.windows.services).
      - When left out, those that the recipes name are stopped and disabled, and those that a host does not have are passed over.
      - A list given here replaces that one. An empty list leaves all services alone.
      - A name that the host does not have is refused with the names that are near it; a display name is refused with the key
        name.
      - The driver C(NetBT) is refused here. M(netmin.windows.smb_device) has a method for it.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The key name, as C(sc query) shows it, in any case of letters.
        type: str
        required: true
      state:
        description:
          - With V(stopped) the service is stopped now.
          - With V(unchanged) only the start mode is set.
        type: str
        choices: [stopped, unchanged]
        default: stopped
      start_mode:
        description:
          - How the service starts from the next boot on.
          - A service on V(manual) may be started again by the system or by another service, so that its ports may come back.
          - V(auto) needs O(services[].state=unchanged).
        type: str
        choices: [auto, manual, disabled]
        default: disabled
  netbt:
    description:
      - NetBIOS over TCP/IP. When left out it is disabled on all adapters, disconnected and hidden ones included. Up to Windows XP
        C(LmHosts) is stopped and disabled, too.
      - The options are those of M(netmin.windows.netbt). Given, they replace all of what is known.
    type: dict
    suboptions:
      netbios:
        description:
          - NetBIOS over TCP/IP on the adapters that O(netbt.adapters) selects. Not touched when left out.
          - V(disabled) closes udp/137, udp/138 and tcp/139 of the adapter. V(enabled) opens them.
          - V(dhcp) uses what the DHCP server says, and NetBIOS where it says nothing. This is how Windows starts.
          - Breaks NetBIOS names without DNS, browsing in the Network Neighborhood, and peers older than Windows 2000.
        type: str
        choices: [disabled, enabled, dhcp]
      adapters:
        description:
          - On which adapters, by GUID, description, MAC address or IP address. All of them when left out or V(*).
          - An adapter that the host does not have is refused, naming those that it has.
        type: list
        elements: str
      lmhosts:
        description:
          - Start mode of the service C(LmHosts), the helper for NetBIOS names. Not touched when left out.
          - With V(manual) and V(disabled) it is stopped, too. It opens no port itself; the driver does.
        type: str
        choices: [auto, manual, disabled]
  smb_device:
    description:
      - SMB over port 445. When left out it is closed by V(smb_server) from Windows Vista on, at once, and by V(smb_device_enabled)
        before, at the next boot.
      - The options are those of M(netmin.windows.smb_device). Given, they replace all of what is known.
    type: dict
    suboptions:
      smb_over_tcp:
        description:
          - Whether SMB is offered directly over port 445. Not touched when left out.
          - V(disabled) closes tcp/445 and udp/445 by O(smb_device.method). V(enabled) takes the setting of O(smb_device.method)
            back.
          - Breaks shares, administrative shares and remote management over named pipes.
        type: str
        choices: [disabled, enabled]
      method:
        description:
          - V(smb_device_enabled) writes C(SmbDeviceEnabled) (REG_DWORD 0) below
            C(HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters). It shows at the next boot, and leaves NetBIOS over TCP/IP
            alone.
          - V(netbt_driver) stops C(LanmanWorkstation), C(LanmanServer) and the driver C(NetBT), and writes its C(Start)
            (REG_DWORD 4). Ports 137 to 139 and 445 close at once. SMB ends in both directions, as server and as client.
          - V(netbt_driver) is refused unless O(accept) lists V(outgoing-smb), and on a member or controller of a domain in any
            case.
          - V(netbt_driver) is refused on a host whose DHCP Client depends on NetBT while an adapter has its address from DHCP, as
            on Windows XP. The host would lose its address.
          - V(smb_server) stops and disables C(LanmanServer) with C(Browser) and C(HomeGroupListener), and stops the drivers
            C(srv2), C(srv) and C(srvnet), in this order. tcp/445 closes at once, without a boot. The SMB client keeps working.
            For Windows Vista and later, and refused before.
          - When left out V(smb_server) from Windows Vista on, V(smb_device_enabled) before.
        type: str
        choices: [smb_device_enabled, netbt_driver, smb_server]
  rpc_restriction:
    description:
      - Interfaces, ports and remote endpoints of RPC servers. When left out no interface is restricted, since RPC servers that are
        not needed are disabled instead; from Windows Vista on services.exe loses its port, from Windows 10 on the account database.
      - The options are those of M(netmin.windows.rpc_restriction). Given, they replace all of what is known.
    type: dict
    suboptions:
      interfaces:
        description:
          - The interfaces on which RPC servers listen over TCP, for those that do not ask for all interfaces by themselves.
          - V(loopback), or indexes from 1 as C(rpccfg -l) lists them. They are no index of WMI. V(loopback) is index 1.
          - V(all) alone takes the restriction back. Where C(ListenOnInternet) is off, O(rpc_restriction.listen_on_internet=true)
            has to be given with it.
          - Written to C(Bind) (REG_MULTI_SZ) below C(HKLM\SYSTEM\CurrentControlSet\Services\Rpc\Linkage). Shows at the next boot.
          - For Windows 2000 only. On Windows XP it has no effect, and from Server 2003 on the value has another format; it is
            refused there.
          - An empty list is refused, as no RPC server could register any more.
        type: list
        elements: str
      listen_on_internet:
        description:
          - With V(false) the endpoint mapper binds tcp/135 to the interfaces of O(rpc_restriction.interfaces), or of the list
            that the host has already. Without any such list it is refused.
          - With V(true) it binds to all interfaces, as it does where the value does not exist.
          - Written to C(ListenOnInternet) (REG_SZ) below C(HKLM\SYSTEM\CurrentControlSet\Services\RpcSs). Shows at the next boot.
          - V(false) is for Windows 2000 only, and refused elsewhere.
        type: bool
      intranet_ports:
        description:
          - Port ranges that RPC servers take their ports from, as C(rpccfg -pi) writes them. At least 100 ports in all, within
            1025 to 65535, without overlap.
          - Written to C(Ports), C(PortsInternetAvailable) and C(UseInternetPorts) below C(HKLM\SOFTWARE\Microsoft\Rpc\Internet).
            Shows at the next boot.
          - Excludes O(rpc_restriction.internet_ports) and O(rpc_restriction.default_ports).
        type: list
        elements: str
      internet_ports:
        description:
          - The same, as C(rpccfg -pe) writes them.
          - Excludes O(rpc_restriction.intranet_ports) and O(rpc_restriction.default_ports).
        type: list
        elements: str
      default_ports:
        description:
          - With V(true) the three values are deleted, so that RPC servers take ports of the default range again.
          - Excludes O(rpc_restriction.intranet_ports) and O(rpc_restriction.internet_ports).
        type: bool
      service_control:
        description:
          - Remote control of services over TCP, from Windows Vista on. Not touched when left out.
          - V(no_tcp) writes C(DisableRPCOverTCP) (REG_DWORD 1) below C(HKLM\SYSTEM\CurrentControlSet\Control). services.exe then has
            no port of its own from the next boot on; the named pipe stays.
          - V(local_only) writes C(DisableRemoteScmEndpoints) (REG_DWORD 1) there, which ends the named pipe, too.
          - V(default) deletes both values.
        type: str
        choices: [no_tcp, local_only, default]
      account_database:
        description:
          - The account database (SAM) over TCP, from Windows 10 and Server 2016 on. Not touched when left out.
          - V(no_tcp) writes C(SamDisableListenOnTCP) (REG_DWORD 1) below C(HKLM\SYSTEM\CurrentControlSet\Control\Lsa). Other
            interfaces of LSASS may keep its port.
          - V(default) deletes the value.
        type: str
        choices: [no_tcp, default]
      spooler:
        description:
          - Remote printing, from Windows Vista on. Not touched when left out.
          - V(local_only) writes C(RegisterSpoolerRemoteRpcEndPoint) (REG_DWORD 2) below
            C(HKLM\SOFTWARE\Policies\Microsoft\Windows NT\Printers). Nobody has measured that the port goes, so that it is refused
            without O(unverified=apply).
          - V(default) deletes the value.
        type: str
        choices: [local_only, default]
      task_scheduler:
        description:
          - Remote administration of scheduled tasks over TCP, from Windows Vista on. Not touched when left out.
          - V(no_tcp) writes C(DisableRpcOverTcp) (REG_DWORD 1) below
            C(HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule). Nobody has measured that the port goes, so that it is
            refused without O(unverified=apply).
          - V(default) deletes the value.
        type: str
        choices: [no_tcp, default]
  dcom_protocols:
    description:
      - DCOM. When left out, on Windows 2000 and XP remote activation is refused, and V(ncacn_ip_tcp) is taken off the list, so that
        tcp/135 closes. Later Windows keep that port open whatever the list says, so that nothing is written there.
      - The options are those of M(netmin.windows.dcom_protocols). Given, they replace all of what is known.
    type: dict
    suboptions:
      enable_dcom:
        description:
          - Whether objects can be activated from other hosts. Not touched when left out.
          - With V(false) remote activation is refused. This closes no port.
          - Breaks remote WMI over DCOM in both directions, certificate auto-enrollment and remote administration of COM+. This
            collection uses none of them.
          - Written to C(EnableDCOM) (REG_SZ V(Y) or V(N)) below C(HKLM\SOFTWARE\Microsoft\Ole). Shows at the next boot.
        type: bool
      remove:
        description:
          - Protocol sequences to take off the list over which DCOM is reached. All others stay, in their order.
          - Without V(ncacn_ip_tcp) tcp/135 closes at the next boot, once no RPC server uses TCP any more.
          - A list that becomes empty stays there as an empty REG_MULTI_SZ. On a host without the list none is made.
          - Breaks remote WMI over DCOM, remote management consoles, and every RPC service with a dynamic port as seen from
            outside. COM on the host itself keeps working.
          - Written to C(DCOM Protocols) (REG_MULTI_SZ) below C(HKLM\SOFTWARE\Microsoft\Rpc). Shows at the next boot.
          - For Windows 2000 and XP. On Server 2003 nobody has measured it, and from Vista on it closes nothing, since RPC servers
            that cannot be stopped use TCP; it is refused there.
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
      - Sockets of the DNS client. When left out they are closed as far as the Windows at hand has them.
      - The options are those of M(netmin.windows.name_resolution). Given, they replace all of what is known.
    type: dict
    suboptions:
      max_cached_sockets:
        description:
          - How many sockets the DNS client keeps open between queries. With V(0) each query uses a socket of its own, as on
            Windows 2000.
          - Written to C(MaxCachedSockets) (REG_DWORD) below C(HKLM\SYSTEM\CurrentControlSet\Services\Dnscache\Parameters). Shows
            when the DNS client starts anew, at the next boot at the latest.
          - For Windows XP only, and refused elsewhere. Windows 2000 uses a new socket for each query anyway.
        type: int
      llmnr:
        description:
          - Link-local multicast name resolution on udp/5355, from Windows Vista on. Not touched when left out.
          - V(disabled) writes C(EnableMulticast) (REG_DWORD 0) below C(HKLM\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient).
            Shows at the next boot. Breaks single-label names of neighbours without DNS.
          - V(default) deletes the value.
        type: str
        choices: [disabled, default]
      mdns:
        description:
          - Multicast DNS of the DNS client on udp/5353, from Windows 10 1607 and Server 2016 on. Not touched when left out.
          - V(disabled) writes C(EnableMDNS) (REG_DWORD 0) below
            C(HKLM\SYSTEM\CurrentControlSet\Services\Dnscache\Parameters). Shows at the next boot. Browsers and others that use the
            port with sockets of their own keep them.
          - V(default) deletes the value.
        type: str
        choices: [disabled, default]
  ip_filter:
    description:
      - Inbound block rules of the host's own firewall for what stays open. When left out rules are neither added nor removed.
      - The options are those of M(netmin.windows.ip_filter).
    type: dict
    suboptions:
      residue:
        description:
          - What becomes of listeners that stay open. Not touched when left out.
          - V(drop) adds a rule for each of them, and removes those that nothing needs any more. A rule names the fixed port, or for the
            dynamic port of an RPC server its program and service; its own name begins with C(netmin.windows).
          - A rule is needed no more once its listener is there and is kept or closes for good, or once every service that could open it is
            gone or disabled. Where nothing listens at the moment and something may again, as a service that is left to demand, the rule
            stays, and RV(unchanged) says so. It stays as well for a port that no recipe knows.
          - V(leave) removes all these rules.
          - What is kept and the listeners of WinRM are never dropped, nor is what a service of a role, a web server for example, listens
            on. What closing would break needs the same O(accept) here.
          - On a domain controller nothing is dropped.
          - Where no rule would be in force nothing is added, and RV(unchanged) says why. The services C(BFE) and C(MpsSvc) have to run,
            the firewall to be on in the profile of each connected interface, and no policy to have local rules ignored.
        type: str
        choices: [drop, leave]
      unknown:
        description:
          - Whether V(drop) includes listeners that no recipe knows, as those of applications.
        type: bool
        default: false
notes:
  - Changes are made in this order. First what shows at once, then what waits for a boot, last what could touch the session.
    Within these by stage, and within a stage dependents before what they depend on.
  - On a member of a domain C(W32Time) is never stopped, as Kerberos needs synchronized clocks. The known plan passes over it
    and says so in RV(unchanged); named in O(services) it is refused.
  - An empty dictionary for a stage leaves everything that it manages as it is.
  - From J.-B. Marchand, Minimizing Windows network services (2002-2003); Microsoft, KB 825750, KB 154596.
extends_documentation_fragment:
  - netmin.windows.connection
  - netmin.windows.confirm
  - netmin.windows.plan
  - netmin.windows.keep
  - netmin.windows.window
seealso:
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

- name: Close everything but the file server
  netmin.windows.minimize:
    keep:
      - recipe: smb-445
        reason: shares of the accounting department
  register: minimized

- name: Restart the host if something closes only then
  netmin.windows.reboot:
  when: minimized.reboot_required

- name: Prove it
  netmin.windows.proof_info:
    strict: true

- name: Services and NetBIOS only, with services of my own choice
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
    - after: stopped
      before: running
      effective: now
      stage: services
      status: done
      target: service PolicyAgent
      why: IPsec key exchange; breaks IPsec policies, L2TP and IKEv2 VPN, connection security rules
    - after: disabled
      before: dhcp
      effective: now
      stage: netbt
      status: done
      target: adapter 3Com EtherLink PCI {6D7F6A4E-52C1-4F7E-9D0B-3A0A4C7B2E11}
      why: 'NetBIOS over TCP/IP disabled: udp/137, udp/138 and tcp/139 of this adapter'
    - after: 0
      before: null
      effective: at boot
      stage: smb_device
      status: done
      target: HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\SmbDeviceEnabled
      why: 'SMB over TCP closes: tcp/445 and udp/445 of NetBT, which keeps 137 to 139'
hazards:
  description:
    - What closing breaks on this host, as far as it is about the plan, and what shows it. Nothing is asked of the host where
      nothing is to be changed.
  type: list
  elements: dict
  returned: when the host was read and the plan was not refused
  contains:
    id:
      description: The hazard's id, as O(accept) takes it.
      type: str
      returned: always
    gate:
      description: V(accept), refused or passed over unless O(accept) lists it; V(warn), told and done; V(never), not to be
        lifted.
      type: str
      returned: always
    what:
      description: What breaks.
      type: str
      returned: always
    evidence:
      description: What shows it, and what could not be looked at, as the host calls it. Of more than 20 the number.
      type: list
      elements: str
      returned: always
    detected:
      description: Whether it is there. V(false) where the host let nobody look, which is told and keeps nothing from being
        done.
      type: bool
      returned: always
    affects:
      description: What of the plan it is about, by recipes, and by objects that no recipe knows.
      type: list
      elements: str
      returned: always
    accepted:
      description: Whether O(accept) lists it.
      type: bool
      returned: always
    confidence:
      description: How well it is founded, V(documented), V(observed) or V(memory).
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
    - detail: shares of the accounting department
      reason: kept
      stage: smb_device
      target: SMB over TCP
before:
  description: What was asked for, as it was, by stage.
  type: dict
  returned: when the host was read and the plan was not refused
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
    - What was asked for, as read from the host afterwards. V(none) where the host could not be read any more.
    - In check mode what is planned.
  type: dict
  returned: when the host was read and the plan was not refused
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
"""
