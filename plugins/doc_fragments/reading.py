# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules that only read have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the attributes of a module that only reads."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Works the same in check mode, because it writes nothing.
    support: full
  diff_mode:
    description: Shows what was changed, or in check mode what would be changed.
    support: N/A
    details:
      - The module changes nothing.
"""
