# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated hosts as files: one host per file, read strictly.

`load_scenario` takes a name from `names`, the path of a file, or either with parts over it (`name+part+part`); `several` a number
of them (`3*name`). What a scenario may say is in `schema`.
"""

from __future__ import annotations

from .layers import name_of, several
from .loader import Scenario, ScenarioError, load_scenario, names, part_titles

__all__ = ["Scenario", "ScenarioError", "load_scenario", "name_of", "names", "part_titles", "several"]
