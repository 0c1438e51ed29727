# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`python -m winsim.batch`: run a batch file on a host of a `winsim` that runs already, by its part of the testers' window."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.error import HTTPError, URLError

PATIENCE = 600.0
"""Seconds that a run may take here; the host's own time costs none."""

NOT_RUN = 125
"""Our exit code where the script was not run to its end: none of its own, as far as it keeps below."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script, print what its console shows, and return its exit code."""
    options = _parser().parse_args(arguments)
    drives = dict(entry.partition("=")[::2] for entry in options.drive)
    asked = {
        "script": options.script,
        "arguments": options.words,
        "drives": {place: str(Path(folder).resolve()) for place, folder in drives.items()},
        "administrator": not options.user,
        "keys": "".join(f"{key}\r\n" for key in options.key),
        "read_only": options.read_only,
        **({"code_page": options.code_page} if options.code_page else {}),
    }
    request = urllib.request.Request(f"{options.host.rstrip('/')}/batch", data=json.dumps(asked).encode(), method="POST")
    # The window is on the loopback: a proxy of the environment would not reach it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            ended = json.load(answer)
    except HTTPError as error:
        return _complain(str(json.load(error)["error"]))
    except (URLError, TimeoutError) as error:
        return _complain(f"no answer from {options.host}: {error}")
    sys.stdout.write(ended["console"].replace("\r\n", "\n"))
    return int(ended["exit_code"]) & 0xFF


def _complain(text: str) -> int:
    sys.stderr.write(f"winsim.batch: {text}\n")
    return NOT_RUN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m winsim.batch", description="Run a batch file at the console of a simulated host.")
    add = parser.add_argument
    add("host", help="the host's part of the testers' window: http://127.0.0.1:PORT/hosts/NAME")
    add("script", help=r"where the host sees the batch file: E:\collect.cmd")
    add("words", nargs="*", help="what stands behind its name")
    add(
        "--drive",
        action="append",
        required=True,
        metavar="PLACE=FOLDER",
        help=r"a folder in the place of a drive (E:) or folder; repeatable",
    )
    add("--read-only", action="append", default=[], metavar="PLACE", help="nothing can be written there; repeatable")
    add("--user", action="store_true", help="not as an administrator")
    add("--key", action="append", default=[], metavar="TEXT", help="a line that somebody types; repeatable")
    add("--code-page", type=int, metavar="N", help="the console's code page (default: that of the host's language)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
