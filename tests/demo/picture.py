#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take the picture of a report that README shows: simulated hosts, listed, closed, restarted and proven in this process."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from ansible_collections.netmin.windows.plugins.plugin_utils._report import page
from ansible_collections.netmin.windows.tests.unit import reports
from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).resolve().parents[2] / "docs/images/report.png"
SIZE = {"width": 1280, "height": 880}


def main() -> int:
    """Render the report, open it, and write what the browser shows."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("no chromium is installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        file.write_text(page.render(reports.sample()), encoding="utf-8")
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        opened = started.new_page(viewport=SIZE)  # type: ignore[arg-type]  # a mapping of these two
        opened.goto(file.as_uri())
        opened.screenshot(path=PICTURE)
        started.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
