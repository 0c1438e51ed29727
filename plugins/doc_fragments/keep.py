# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option that names what has to stay reachable."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of `keep`."""

    DOCUMENTATION = r"""
options:
  keep:
    description:
      - What others have to reach on this host, each entry with the reason.
      - Each entry names exactly one of O(keep[].port), O(keep[].service) and O(keep[].recipe).
      - Kept services are not stopped, nor is anything that they depend on, and the ports by which they are reached stay open.
        Keeping C(LanmanServer), for example, keeps SMB and NetBIOS.
      - An option that asks by name for the contrary is refused, in most cases before the host is asked anything.
      - The listeners of WinRM are always kept. They are found on the host and need no entry here.
    type: list
    elements: dict
    default: []
    suboptions:
      port:
        description:
          - A port, written as V(tcp/445) or V(udp/137).
          - Only a port that a recipe names for this Windows can be kept by its number. Keep any other by its service.
        type: str
      service:
        description:
          - The key name of a service, as C(sc query) shows it. Display names are refused, naming the key name.
        type: str
      recipe:
        description:
          - The id of a recipe, as M(netmin.windows.listeners_info) returns it for each listener.
          - Keeping V(smb-445), for example, leaves SMB over TCP as it is.
        type: str
      reason:
        description:
          - Why it is kept, in words. Shown beside the listener in forecast and proof.
        type: str
        required: true
"""
