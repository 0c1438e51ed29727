#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the captures of simulated hosts in tests/captures anew, anonymized as those of real hosts are.

.venv/bin/python tests/witness/simulated_captures.py && .venv/bin/python tests/witness/expect.py --write
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from random import Random

from ansible_collections.netmin.windows.plugins.plugin_utils._capture.anonymize import anonymized
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import write_capture
from ansible_collections.netmin.windows.tests.unit.captured import captured
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, booted
from ansible_collections.netmin.windows.tests.witness.kept import CAPTURE, FOLDER

OURS: Mapping[str, str] = {
    "simulated_xp_in_a_domain": "windows_xp_domain_member",
    "simulated_german_2008_r2": "windows_server_2008_r2_german",
    "simulated_domain_controller_2019": "windows_server_2019+hazard_domain_controller",
    "simulated_sql_server_2022": "windows_server_2022_sql_server",
}
# The same names each time: a file that is made anew then differs only in what has changed.
SEED = 14


def main() -> int:
    """Capture each, and write it."""
    for name, scenario in OURS.items():
        with booted(scenario) as host:
            capture = anonymized(captured(host).capture, KNOWLEDGE, Random(SEED)).capture
        path = FOLDER / name / CAPTURE
        path.parent.mkdir(parents=True, exist_ok=True)
        write_capture(path, capture)
        # It is there to be given away.
        path.chmod(0o644)
        sys.stdout.write(f"{name}: {path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
