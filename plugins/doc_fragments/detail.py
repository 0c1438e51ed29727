# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option that says how much a result contains."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of `detail`."""

    DOCUMENTATION = r"""
options:
  detail:
    description:
      - How much the result contains. A fleet keeps the results of all hosts in memory, so a summary is the default.
      - V(summary) has every listener once, with its owner, its recipe, what becomes of it and why, and the counts. Endpoints of a listener
        that differ only in their address are one entry.
      - V(full) has every endpoint by itself, with every field, and what else was read.
      - Entries have the same fields in both, but a summary has fewer of them. The return values say which.
    type: str
    choices: [summary, full]
    default: summary
"""
