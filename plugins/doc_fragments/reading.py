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
    description: Does the same in check mode, as it writes nothing.
    support: full
  diff_mode:
    description: Shows details of what was changed, or in check mode of what would be.
    support: N/A
    details:
      - Nothing is changed.
"""
