# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two hosts of J.-B. Marchand's article as fake data, written from its tables, and what tests ask of them.

Listeners, addresses, process ids and owners are the article's; process ids that it does not name are made up.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Forecast
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import load
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._run.choice import select
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Consent
from ansible_collections.netmin.windows.plugins.plugin_utils._run.keep import read_keep
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import (
    STAGE_BY_NAME,
    Survey,
    Terms,
    make_forecast,
    read_survey,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Dependents
from ansible_collections.netmin.windows.tests.unit.fakes import FakeAdapter, FakeHost, FakeService, FakeSession
from ansible_collections.netmin.windows.tests.unit.planning import make_plan

KNOWLEDGE = load()
ADDRESS = "192.70.106.143"
GUID = "{2F3C6E51-0B7D-4A35-8E12-9C4D5A6B7F80}"
IDLE_GUID = "{D4E5F607-1829-4A3B-8C4D-5E6F708192A3}"
INTERFACES = r"SYSTEM\CurrentControlSet\Services\NetBT\Parameters\Interfaces"

TABLE_2000 = """
Active Connections

  Proto  Local Address          Foreign Address        State
  TCP    0.0.0.0:25             0.0.0.0:0              LISTENING
  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING
  TCP    0.0.0.0:443            0.0.0.0:0              LISTENING
  TCP    0.0.0.0:445            0.0.0.0:0              LISTENING
  TCP    0.0.0.0:1025           0.0.0.0:0              LISTENING
  TCP    0.0.0.0:1026           0.0.0.0:0              LISTENING
  TCP    0.0.0.0:1027           0.0.0.0:0              LISTENING
  TCP    0.0.0.0:3372           0.0.0.0:0              LISTENING
  TCP    0.0.0.0:4983           0.0.0.0:0              LISTENING
  TCP    0.0.0.0:5985           0.0.0.0:0              LISTENING
  TCP    192.70.106.143:139     0.0.0.0:0              LISTENING
  TCP    192.70.106.143:5985    192.70.106.9:40123     ESTABLISHED
  UDP    0.0.0.0:135            *:*
  UDP    0.0.0.0:445            *:*
  UDP    0.0.0.0:1028           *:*
  UDP    0.0.0.0:1029           *:*
  UDP    0.0.0.0:3456           *:*
  UDP    192.70.106.143:137     *:*
  UDP    192.70.106.143:138     *:*
  UDP    192.70.106.143:500     *:*
"""

TABLE_XP = """
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       884
  TCP    0.0.0.0:445            0.0.0.0:0              LISTENING       4
  TCP    0.0.0.0:1025           0.0.0.0:0              LISTENING       976
  TCP    0.0.0.0:5000           0.0.0.0:0              LISTENING       1160
  TCP    0.0.0.0:5985           0.0.0.0:0              LISTENING       4
  TCP    192.70.106.143:139     0.0.0.0:0              LISTENING       4
  TCP    192.70.106.143:5985    192.70.106.9:40123     ESTABLISHED     4
  UDP    0.0.0.0:135            *:*                                    884
  UDP    0.0.0.0:445            *:*                                    4
  UDP    0.0.0.0:500            *:*                                    704
  UDP    0.0.0.0:1026           *:*                                    1112
  UDP    0.0.0.0:1027           *:*                                    976
  UDP    127.0.0.1:123          *:*                                    976
  UDP    127.0.0.1:1900         *:*                                    1160
  UDP    192.70.106.143:123     *:*                                    976
  UDP    192.70.106.143:137     *:*                                    4
  UDP    192.70.106.143:138     *:*                                    4
  UDP    192.70.106.143:1900    *:*                                    1160
"""

# name, start mode, r(unning) or s(topped), process, what it depends on
SERVICES_2000 = """
RpcSs             Auto   r rpcss    -
PlugPlay          Auto   r services -
Eventlog          Auto   r services -
SamSs             Auto   r lsass    RpcSs
Dhcp              Auto   r services Tcpip,AFD
LanmanWorkstation Auto   r services NetBT
lanmanserver      Auto   r services NetBT
Dnscache          Auto   r services Tcpip
MSDTC             Auto   r msdtc    RpcSs,SamSs
Schedule          Auto   r mstask   RpcSs
ProtectedStorage  Auto   r services RpcSs
IISADMIN          Auto   r inetinfo RpcSs,ProtectedStorage
W3SVC             Auto   r inetinfo IISADMIN
SMTPSVC           Auto   r inetinfo IISADMIN,Eventlog
Messenger         Auto   r services LanmanWorkstation,RpcSs
PolicyAgent       Auto   r lsass    RpcSs,Tcpip
LmHosts           Auto   r services NetBT,AFD
WinMgmt           Auto   r winmgmt  RpcSs
WinRM             Auto   r winrm    RpcSs,HTTP
Browser           Auto   r services LanmanWorkstation,lanmanserver
Spooler           Auto   r spoolsv  RpcSs
EventSystem       Manual r netsvcs  RpcSs
Netman            Manual r netsvcs  RpcSs
TapiSrv           Manual r netsvcs  PlugPlay,RpcSs
RasMan            Manual r netsvcs  TapiSrv
RasAuto           Manual s netsvcs  RasMan,TapiSrv
W32Time           Manual s services -
"""
SERVICES_XP = """
RpcSs             Auto   r rpcss          -
PlugPlay          Auto   r services       -
Eventlog          Auto   r services       -
SamSs             Auto   r lsass          RpcSs
Dhcp              Auto   r netsvcs        Tcpip,Afd,NetBT
lanmanworkstation Auto   r netsvcs        NetBT
lanmanserver      Auto   r netsvcs        NetBT
Schedule          Auto   r netsvcs        RpcSs
Dnscache          Auto   r networkservice Tcpip
Messenger         Auto   r netsvcs        lanmanworkstation,PlugPlay,RpcSs
LmHosts           Auto   r localservice   NetBT,Afd
PolicyAgent       Auto   r lsass          RpcSs,Tcpip
W32Time           Auto   r netsvcs        -
winmgmt           Auto   r netsvcs        RpcSs,Eventlog
WinRM             Auto   r winrm          RpcSs,HTTP
Browser           Auto   r netsvcs        lanmanworkstation,lanmanserver
CryptSvc          Auto   r netsvcs        RpcSs
Spooler           Auto   r spoolsv        RpcSs
WebClient         Auto   r localservice   MRxDAV
EventSystem       Manual r netsvcs        RpcSs
Netman            Manual r netsvcs        RpcSs
SSDPSRV           Manual r localservice   -
TapiSrv           Manual r netsvcs        PlugPlay,RpcSs
RasMan            Manual r netsvcs        TapiSrv
TermService       Manual r netsvcs        RpcSs
MSDTC             Manual s msdtc          RpcSs,SamSs
upnphost          Manual s localservice   SSDPSRV
SharedAccess      Manual s netsvcs        RasMan,Netman
"""
OWN = ("msdtc", "mstask", "winmgmt", "spoolsv")
PROCESSES = {
    "rpcss": (884, "svchost.exe", r"C:\WINDOWS\system32\svchost -k rpcss"),
    "netsvcs": (976, "svchost.exe", r"C:\WINDOWS\System32\svchost.exe -k netsvcs"),
    "networkservice": (1112, "svchost.exe", r"C:\WINDOWS\System32\svchost.exe -k NetworkService"),
    "localservice": (1160, "svchost.exe", r"C:\WINDOWS\System32\svchost.exe -k LocalService"),
    "winrm": (1508, "svchost.exe", r"C:\WINDOWS\System32\svchost.exe -k WINRM"),
    "services": (692, "services.exe", r"C:\WINDOWS\system32\services.exe"),
    "lsass": (704, "lsass.exe", r"C:\WINDOWS\system32\lsass.exe"),
    "inetinfo": (920, "inetinfo.exe", r"C:\WINNT\System32\inetsrv\inetinfo.exe"),
    "msdtc": (484, "msdtc.exe", r"C:\WINNT\System32\msdtc.exe"),
    "mstask": (620, "mstask.exe", r"C:\WINNT\system32\MSTask.exe"),
    "winmgmt": (668, "WinMgmt.exe", r"C:\WINNT\System32\WBEM\WinMgmt.exe"),
    "spoolsv": (1348, "spoolsv.exe", r"C:\WINDOWS\system32\spoolsv.exe"),
}
DISPLAY = {"Spooler": "Print Spooler", "IISADMIN": "IIS Admin Service", "PolicyAgent": "IPSEC Services", "Messenger": "Messenger"}


def _services(table: str, *, pids: bool) -> list[FakeService]:
    found = [
        FakeService("NetBT", "NetBios over Tcpip", "System", kind=ServiceKind.DRIVER, path="netbt.sys", depends=("Tcpip",)),
        FakeService("HTTP", "HTTP", "Manual", kind=ServiceKind.DRIVER, path="http.sys"),
    ]
    for line in table.strip().splitlines():
        name, start, state, process, depends = line.split()
        pid, _image, path = PROCESSES[process]
        running = state == "r"
        found.append(
            FakeService(
                name,
                DISPLAY.get(name, name),
                start,
                "Running" if running else "Stopped",
                path=path,
                shared=process not in OWN,
                pid=pid if running and pids else None,
                depends=() if depends == "-" else tuple(depends.split(",")),
            )
        )
    return found


def _registry(sequences: tuple[str, ...]) -> dict[str, dict[str, RegistryValue]]:
    return {
        r"SOFTWARE\Microsoft\Ole": {"EnableDCOM": RegistryValue.text("Y")},
        r"SOFTWARE\Microsoft\Rpc": {"DCOM Protocols": RegistryValue.texts(sequences)},
        r"SYSTEM\CurrentControlSet\Services\NetBT": {"Start": RegistryValue.dword(1)},
        r"SYSTEM\CurrentControlSet\Services\NetBT\Parameters": {"NameServerPort": RegistryValue.dword(137)},
        rf"{INTERFACES}\Tcpip_{GUID}": {"NetbiosOptions": RegistryValue.dword(0)},
        rf"{INTERFACES}\Tcpip_{IDLE_GUID}": {},
        r"SYSTEM\CurrentControlSet\Services\RpcSs": {},
        r"SYSTEM\CurrentControlSet\Services\Dnscache\Parameters": {},
    }


def _adapters() -> list[FakeAdapter]:
    return [
        FakeAdapter(1, "3Com EtherLink PCI", GUID, (ADDRESS,), "00:04:76:65:43:21"),
        FakeAdapter(2, "WAN Miniport (L2TP)", IDLE_GUID),
    ]


def windows_2000() -> FakeHost:
    """Return the article's Windows 2000 Server."""
    return FakeHost(
        version="5.0.2195",
        build=2195,
        product=3,
        domain_role=2,
        services=_services(SERVICES_2000, pids=False),
        adapters=_adapters(),
        processes={8: "System", 704: "LSASS.EXE", 692: "SERVICES.EXE"},
        registry=_registry(("ncacn_ip_tcp", "ncacn_spx", "ncacn_nb_nb")),
        netstat=[TABLE_2000],
        listeners=[WinrmListener("*", "HTTP", 5985, enabled=True)],
    )


def windows_xp() -> FakeHost:
    """Return the article's Windows XP."""
    pids = {pid: image for pid, image, _path in PROCESSES.values()}
    return FakeHost(
        services=_services(SERVICES_XP, pids=True),
        adapters=_adapters(),
        processes={4: "System", **pids},
        registry=_registry(("ncacn_ip_tcp",)),
        netstat=[TABLE_XP],
        listeners=[WinrmListener("*", "HTTP", 5985, enabled=True)],
    )


def _later(version: str, build: int, product: int) -> FakeHost:
    fake = windows_xp()
    fake.version, fake.build, fake.product = version, build, product
    fake.domain_role = 0 if product == 1 else 2
    return fake


HOSTS: dict[str, Callable[[], FakeHost]] = {
    "windows_2000": windows_2000,
    "windows_xp": windows_xp,
    "windows_server_2003": lambda: _later("5.2.3790", 3790, 3),
    "windows_vista": lambda: _later("6.0.6002", 6002, 1),
    "windows_server_2022": lambda: _later("10.0.20348", 20348, 3),
}


def survey_of(fake: FakeHost) -> Survey:
    """Read a host as every module does."""
    return read_survey(FakeSession(copy.deepcopy(fake)), KNOWLEDGE)


def defaults(survey: Survey, stages: Iterable[str] = STAGES) -> dict[str, Any]:
    """Return what the knowledge asks of a host where the user says nothing."""
    selection = select(None, survey.explained, survey.host.windows, KNOWLEDGE, Consent())
    return {name: STAGE_BY_NAME[name].default(tuple(c for c in selection.choices if c.method.stage == name)) for name in stages}


def desires(options: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what is desired of each stage, from its options."""
    return {name: STAGE_BY_NAME[name].desired(values) for name, values in options.items()}


def terms_of(
    survey: Survey,
    *,
    accept: Iterable[str] = (),
    dependents: str = "refuse",
    keep: Iterable[Mapping[str, Any]] = (),
    unverified: str = "skip",
) -> Terms:
    """Return what the operator says of the plan as a whole."""
    kept = read_keep(tuple(keep), survey.host, KNOWLEDGE, survey.explained).kept
    return Terms(frozenset(accept), Dependents(dependents), kept, unverified=unverified == "apply")


def planned(
    fake: FakeHost, wanted: Mapping[str, Any] | None = None, *, named: bool = True, **said: Any
) -> tuple[Survey, Plan, tuple[Forecast, ...]]:
    """Read a host, plan (the default where nothing is wanted) and forecast.

    Args:
        named: somebody asked for what is wanted by its name.
    """
    survey = survey_of(fake)
    terms = terms_of(survey, **said)
    plan = make_plan(defaults(survey) if wanted is None else wanted, survey, KNOWLEDGE, terms, named=(wanted or ()) if named else ())
    return survey, plan, make_forecast(plan, survey, KNOWLEDGE, terms.kept)
