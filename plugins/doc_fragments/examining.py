# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules have in common that hold assumptions against a host."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the options `file` and `show`."""

    DOCUMENTATION = r"""
options:
  file:
    description:
      - A file on the controller in which to keep what was found, for O(netmin.windows.minimize#module:only_confirmed). Folders that are
        missing are made. Only its owner can read it.
      - A relative path is relative to the play. In a playbook of this collection, it is relative to the current folder.
      - Name it by the host, as in V(findings/{{ inventory_hostname }}.json).
      - In check mode nothing is written.
    type: path
  show:
    description:
      - Whether to print what was found as a table.
    type: bool
    default: false
"""
