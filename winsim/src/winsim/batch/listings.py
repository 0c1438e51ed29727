# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`netstat`, `tasklist`, `driverquery`, `ipconfig /all`, `route print` and `rpccfg -l`.

Sources: published outputs of Windows 2000, XP, 7 and later (order of lines, dotted leaders, the forms of the interface list), of a German
ipconfig and route, of tasklist in German and Japanese (headers), of rpccfg -l in the article. From memory: driverquery's columns, the
German words that no output had, all Japanese words of ipconfig and route (which stay English here), the exit code of rpccfg, and that
tasklist and driverquery fail where Winmgmt cannot be started.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Interface

from winsim.host.model import AdapterSpec, Language, StartMode
from winsim.providers.netstat import netstat as connections

from .asked import Asked, Output

WMI = "Winmgmt"
NO_WMI = "ERROR: The service cannot be started, either because it is disabled or because it has no enabled devices associated with it.\r\n"
LOOPBACK = "127.0.0.1"

TASK_HEADER = {
    Language.ENGLISH: ("Image Name", "PID", "Services"),
    Language.GERMAN: ("Abbildname", "PID", "Dienste"),
    Language.JAPANESE: ("\u30a4\u30e1\u30fc\u30b8\u540d", "PID", "\u30b5\u30fc\u30d3\u30b9"),
}
NO_SERVICE = {Language.ENGLISH: "N/A", Language.GERMAN: "Nicht zutreffend", Language.JAPANESE: "N/A"}
DRIVER_HEADER = {
    Language.ENGLISH: ("Module Name", "Display Name", "Driver Type", "Link Date"),
    Language.GERMAN: ("Modulname", "Anzeigename", "Treibertyp", "Linkdatum"),
    Language.JAPANESE: ("Module Name", "Display Name", "Driver Type", "Link Date"),
}

GERMAN = {
    "Windows IP Configuration": "Windows-IP-Konfiguration",
    "Host Name": "Hostname",
    "Primary Dns Suffix": "Prim\u00e4res DNS-Suffix",
    "Node Type": "Knotentyp",
    "IP Routing Enabled": "IP-Routing aktiviert",
    "WINS Proxy Enabled": "WINS-Proxy aktiviert",
    "Ethernet adapter": "Ethernet-Adapter",
    "Description": "Beschreibung",
    "Physical Address": "Physische Adresse",
    "DHCP Enabled": "DHCP aktiviert",
    "IPv4 Address": "IPv4-Adresse",
    "IPv6 Address": "IPv6-Adresse",
    "Subnet Mask": "Subnetzmaske",
    "Default Gateway": "Standardgateway",
    "DHCP Server": "DHCP-Server",
    "DNS Servers": "DNS-Server",
    "NetBIOS over Tcpip": "NetBIOS \u00fcber TCP/IP",
    "Enabled": "Aktiviert",
    "Disabled": "Deaktiviert",
    "Preferred": "Bevorzugt",
    "Yes": "Ja",
    "No": "Nein",
    "Interface List": "Schnittstellenliste",
    "Active Routes:": "Aktive Routen:",
    "Persistent Routes:": "St\u00e4ndige Routen:",
    "None": "Keine",
}


def netstat(asked: Asked) -> Output:
    """List sockets and connections by numbers."""
    letters = {letter for word in asked.words if word[:1] in "-/" for letter in word[1:].lower()}
    if "n" not in letters or letters & set("beqrsftxyp") or any(word[:1] not in "-/" for word in asked.words):
        # Names in the place of numbers, owners by name and repeated listings are known to Windows and not to us.
        raise asked.unknown()
    output, code = connections(asked.host, asked.words)
    return output, "", code


def tasklist(asked: Asked) -> Output:
    """List processes with their services as comma separated values."""
    words = [word.lower() for word in asked.words]
    if sorted(word for word in words if word != "/nh") != ["/fo", "/svc", "csv"] or words[words.index("/fo") + 1] != "csv":
        raise asked.unknown()
    if not _wmi(asked):
        return "", NO_WMI, 1
    hosted: dict[str, list[str]] = {}
    for service in asked.host.services.all:
        if service.running and not service.spec.driver:
            hosted.setdefault(service.spec.process, []).append(service.spec.name)
    none = NO_SERVICE[asked.language]
    rows = [(process.name, str(process.pid), ",".join(hosted.get(process.id, ())) or none) for process in asked.host.processes.all]
    return _separated([*(() if "/nh" in words else (TASK_HEADER[asked.language],)), *rows]), "", 0


def driverquery(asked: Asked) -> Output:
    """List drivers as comma separated values."""
    words = [word.lower() for word in asked.words]
    if sorted(word for word in words if word != "/nh") != ["/fo", "csv"]:
        raise asked.unknown()
    if not _wmi(asked):
        return "", NO_WMI, 1
    rows = [(each.spec.name, each.spec.display, "Kernel ", "") for each in asked.host.services.all if each.spec.driver]
    return _separated([*(() if "/nh" in words else (DRIVER_HEADER[asked.language],)), *rows]), "", 0


def _wmi(asked: Asked) -> bool:
    """Tell whether WMI answers: it is started for whoever asks, unless it is disabled."""
    service = asked.host.services.find(WMI)
    return service is not None and (service.running or service.start_mode is not StartMode.DISABLED)


def _separated(rows: Iterable[Sequence[str]]) -> str:
    return "".join(",".join(f'"{field}"' for field in row) + "\r\n" for row in rows)


def _word(asked: Asked, text: str) -> str:
    return GERMAN.get(text, text) if asked.language is Language.GERMAN else text


def ipconfig(asked: Asked) -> Output:
    """Show how each adapter is configured."""
    if [word.lower() for word in asked.words] not in (["/all"], ["-all"]):
        raise asked.unknown()
    host = asked.host
    domain = host.spec.windows.domain if host.spec.windows.member else ""
    title = "Windows 2000 IP Configuration" if asked.kernel == (5, 0) else _word(asked, "Windows IP Configuration")
    # Before Vista each line begins with eight blanks, and the text behind the colon follows a longer leader.
    indent = " " * 8 if asked.old else " " * 3
    lines = ["", title, ""]
    lines += [
        _leader(indent, _word(asked, name), value)
        for name, value in (
            ("Host Name", host.spec.windows.computer.lower() if asked.old else host.spec.windows.computer),
            ("Primary Dns Suffix", domain),
            ("Node Type", "Broadcast" if asked.old else "Hybrid"),
            ("IP Routing Enabled", _word(asked, "No")),
            ("WINS Proxy Enabled", _word(asked, "No")),
        )
    ]
    for number, adapter in enumerate((each for each in host.adapters if not each.loopback and each.address is not None), 1):
        name = "Local Area Connection" if number == 1 else f"Local Area Connection {number}"
        lines += ["", f"{_word(asked, 'Ethernet adapter')} {name}:", "", *_adapter(asked, adapter, indent)]
    return "".join(f"{line}\r\n" for line in lines), "", 0


def _leader(indent: str, name: str, value: str) -> str:
    """Return a line; the dots stand below each other (published outputs)."""
    dots = "".join(" ."[(place + 1) % 2] for place in range(len(name), 33))
    return f"{indent}{name}{dots} : {value}"


def _adapter(asked: Asked, adapter: AdapterSpec, indent: str) -> list[str]:
    yes, no = _word(asked, "Yes"), _word(asked, "No")
    leased = adapter.dhcp and adapter.address in asked.host.lost_addresses
    preferred = f"({_word(asked, 'Preferred')}) "
    rows = [
        ("Description", adapter.name),
        ("Physical Address", (adapter.mac or "").replace(":", "-").upper()),
        ("DHCP Enabled", yes if adapter.dhcp else no),
    ]
    if not asked.old:
        rows += [("IPv6 Address", f"{address}{preferred}") for address in adapter.ipv6]
    addresses = () if leased else adapter.addresses
    name = "IP Address" if asked.old else "IPv4 Address"
    for address in addresses:
        rows += [(name, address if asked.old else f"{address}{preferred}"), ("Subnet Mask", adapter.mask)]
    rows.append(("Default Gateway", adapter.gateway or ""))
    if adapter.dhcp and adapter.dhcp_server:
        rows.append(("DHCP Server", adapter.dhcp_server))
    if adapter.dns:
        rows.append(("DNS Servers", adapter.dns[0]))
    lines = [_leader(indent, _word(asked, name), value) for name, value in rows]
    lines += [" " * (len(indent) + 36) + server for server in adapter.dns[1:]]
    if not asked.old or asked.host.netbios.get(adapter.guid) == 2:
        state = "Disabled" if asked.host.netbios.get(adapter.guid) == 2 else "Enabled"
        lines.append(_leader(indent, _word(asked, "NetBIOS over Tcpip"), _word(asked, state)))
    return lines


def route(asked: Asked) -> Output:
    """Show the interfaces and the routes that follow from their addresses."""
    if [word.lower() for word in asked.words] != ["print"]:
        raise asked.unknown()
    rule = "=" * 75
    adapters = [each for each in asked.host.adapters if not each.loopback and each.address is not None]
    lines = [rule, _word(asked, "Interface List"), *_interfaces(asked, adapters), rule, ""]
    if not asked.old:
        lines += ["IPv4 Route Table" if asked.language is not Language.GERMAN else "IPv4-Routentabelle"]
    lines += [rule, _word(asked, "Active Routes:"), "Network Destination        Netmask          Gateway       Interface  Metric"]
    lines += [
        f"{target:>17}{mask:>17}{gateway:>17}{interface:>16}{metric:>8}" for target, mask, gateway, interface, metric in _routes(adapters)
    ]
    gateway = next((each.gateway for each in adapters if each.gateway and ":" not in each.gateway), None)
    if asked.old and gateway:
        lines.append(f"Default Gateway:{gateway:>18}")
    lines += [rule, _word(asked, "Persistent Routes:"), f"  {_word(asked, 'None')}"]
    return "".join(f"{line}\r\n" for line in lines), "", 0


def rpccfg(asked: Asked) -> Output:
    """List the interfaces by the numbers that RPC knows them by."""
    if [word.lower() for word in asked.words] != ["-l"]:
        raise asked.unknown()
    known = [adapter for adapter in asked.host.adapters if adapter.rpc_index is not None]
    return "".join(f"IF[{adapter.rpc_index}]: Ethernet: {adapter.name}\r\n" for adapter in known), "", 0


def _interfaces(asked: Asked, adapters: Sequence[AdapterSpec]) -> list[str]:
    """Return the lines of the interface list: hexadecimal with 0x before Vista, decimal from then on."""
    if asked.old:
        rows = ["0x1 ........................... MS TCP Loopback interface"]
        for number, adapter in enumerate(adapters, 2):
            mac = (adapter.mac or "").replace(":", " ").lower()
            index = 0x1000000 + number + 1 if number > 2 and asked.kernel == (5, 0) else number
            rows.append(f"{hex(index)} ...{mac} ...... {adapter.name}")
        return rows
    rows = [f"{number + 9:>3}...{(each.mac or '').replace(':', ' ').lower()} ......{each.name}" for number, each in enumerate(adapters, 1)]
    return [*rows, "  1...........................Software Loopback Interface 1"]


def _routes(adapters: Sequence[AdapterSpec]) -> list[tuple[str, str, str, str, str]]:
    rows = [("127.0.0.0", "255.0.0.0", LOOPBACK, LOOPBACK, "1")]
    for adapter in adapters:
        own = str(adapter.address)
        if adapter.gateway and ":" not in adapter.gateway:
            rows.insert(0, ("0.0.0.0", "0.0.0.0", adapter.gateway, own, "1"))
        rows.append((str(IPv4Interface(f"{own}/{adapter.mask}").network.network_address), adapter.mask, own, own, "1"))
        rows.append((own, "255.255.255.255", LOOPBACK, LOOPBACK, "1"))
    return rows
