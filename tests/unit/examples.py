# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many examples a property of whole runs is tried with: few and the same in each run, many with NETMIN_EVERY_FAULT."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

MANY = "NETMIN_EVERY_FAULT" in os.environ
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
"""An example is a host that is booted, changed and read; that takes its time."""


def examples(few: int, many: int) -> settings:
    """Return the settings of such a property; nothing is shrunk, since each example costs seconds."""
    return settings(
        max_examples=many if MANY else few,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(SLOW),
    )
