# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables of the system's environment, as far as paths are written with them. A name that is not known stays as it is written."""

from __future__ import annotations

import re


def expand(text: str, directory: str) -> str:
    """Return a text with `%SystemRoot%` and its like replaced; `directory` is where Windows is."""
    drive = directory.partition("\\")[0]
    known = {
        "programdata": rf"{drive}\ProgramData",
        "programfiles": rf"{drive}\Program Files",
        "systemdrive": drive,
        "systemroot": directory,
        "windir": directory,
    }
    return re.sub("%([^%]*)%", lambda found: known.get(found[1].lower(), found[0]), text)
