#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""See that a controller that is too old is told so in one sentence. Runs with Python 3.10, too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main(collections: str, connection: str, sentence: str) -> int:
    """Run one module on a host that is never reached, and return whether the sentence was all that was said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    environment = {**kept, "ANSIBLE_COLLECTIONS_PATH": collections, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(Path(collections, "home"))}
    options = ["-e", f"ansible_connection={connection} ansible_user=nobody ansible_password=nothing"]
    command = [str(Path(sys.executable).with_name("ansible")), "all", "-i", "127.0.0.1,", "-m", "netmin.windows.listeners_info", *options]
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    whole = " ".join(said.split())
    if done.returncode and sentence in whole and "Traceback" not in whole and "Unexpected Exception" not in whole:
        return 0
    sys.stderr.write(f"status {done.returncode}; wanted: {sentence}\n{said}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
