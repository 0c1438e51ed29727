# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option that names what must stay reachable."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of `keep`."""

    DOCUMENTATION = r"""
options:
  keep:
    description:
      - Ports, services or recipes that must stay reachable on this host, each with the reason.
      - Each entry sets exactly one of O(keep[].port), O(keep[].service) and O(keep[].recipe).
      - A kept service is not stopped, and neither is anything it depends on. Its ports stay open. For example, keeping C(LanmanServer)
        keeps SMB and NetBIOS.
      - An option that asks by name to close what is kept is refused, in most cases before the host is contacted.
      - A kept port keeps the services behind it. Other ports of the same service may still close.
      - The listeners of WinRM are always kept. The module finds them on the host, so they need no entry here.
    type: list
    elements: dict
    default: []
    suboptions:
      port:
        description:
          - A port, for example V(tcp/445) or V(udp/137).
          - The port must listen on this host, or a recipe must name it. Keep any other port by its service.
        type: str
      service:
        description:
          - The key name of a service, as C(sc query) shows it. A display name is refused, and the message gives the key name.
        type: str
      recipe:
        description:
          - A recipe id. M(netmin.windows.listeners_info) returns one for each listener it knows.
          - For example, V(smb-445) leaves SMB over TCP unchanged.
        type: str
      reason:
        description:
          - Why it is kept. Shown with the listener in the forecast and the proof.
        type: str
        required: true
  missing:
    description:
      - What to do with a service or port that the task names and that this host does not have, for example in one list for hosts of several
        Windows versions.
      - With V(refuse), the task fails before it writes anything, and names all of them at once.
      - With V(skip), they are skipped. The result says so, with similar names, so that you can find a misspelt one.
      - A display name, a port that is not written like V(tcp/445), and a recipe that does not exist are always refused.
    type: str
    choices: [refuse, skip]
    default: refuse
"""
