# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a command leaves the place that it was called from."""

from __future__ import annotations


class Leave(Exception):
    """`exit`, or the end of a batch file from inside it; `whole` ends cmd itself."""

    def __init__(self, code: int, *, whole: bool) -> None:
        super().__init__(code)
        self.code = code
        self.whole = whole


class GoTo(Exception):
    """`goto` in a batch file."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label
