# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The host as a port scanner from outside the project sees it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from .target import run

MINUTES = 60
# The viewer of the container, which is not Windows' (getHostPorts in src/network.sh at github.com/qemus/qemu).
OF_THE_CONTAINER = "5700,5900,8004,8006"


class NoScan(Exception):
    """There was no scan."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What nmap saw.

    Attributes:
        open_tcp: ports that took a connection.
        open_udp: ports that answered; one that stays silent may be open as well, so their absence says nothing.
        xml: nmap's own report.
        without: what was not scanned, and why.
    """

    open_tcp: frozenset[int]
    open_udp: frozenset[int]
    xml: str
    without: str = ""


def scan(address: str, udp: Iterable[int], *, exclude: str = "", sudo: bool = False) -> Scan:
    """Connect to every TCP port of a host, and ask those UDP ports that it is said to have.

    Args:
        exclude: ports that are not the host's.
        sudo: nmap may become root for UDP.

    Raises:
        NoScan: nmap is not installed, or failed.
    """
    if shutil.which("nmap") is None:
        raise NoScan("nmap is not installed on this machine")
    general = ["nmap", "-n", "-Pn", "-oX", "-", "--reason", *(["--exclude-ports", exclude] if exclude else [])]
    if ":" in address:
        general.append("-6")
    tcp = _report([*general, "-sT", "-p-", address])
    ports = ",".join(map(str, sorted(set(udp))))
    if not ports:
        return Scan(_open(tcp, "tcp"), frozenset(), tcp)
    if os.geteuid() != 0 and not sudo:
        return Scan(_open(tcp, "tcp"), frozenset(), tcp, "UDP was not scanned: nmap needs root for it (REAL_SUDO=yes)")
    found = _report([*(["sudo", "--non-interactive"] if os.geteuid() != 0 else []), *general, "-sU", "-p", ports, address])
    return Scan(_open(tcp, "tcp"), _open(found, "udp"), tcp + found)


def _report(command: list[str]) -> str:
    status, said = run(command, minutes=MINUTES)
    if status or "<nmaprun" not in said:
        raise NoScan(f"nmap ended with {status}: {said.strip()[-300:]}")
    return said[said.index("<?xml") if "<?xml" in said else 0 :]


def _open(xml: str, protocol: str) -> frozenset[int]:
    """Return the ports that nmap calls open; `open|filtered` is a port that said nothing."""
    end = xml.index("</nmaprun>") + len("</nmaprun>")
    root = ElementTree.fromstring(xml[xml.index("<nmaprun") : end])
    return frozenset(
        int(port.get("portid", "0"))
        for port in root.iter("port")
        if port.get("protocol") == protocol and (state := port.find("state")) is not None and state.get("state") == "open"
    )
