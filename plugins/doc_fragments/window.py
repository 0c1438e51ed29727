# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The maintenance window of the modules that change and restart hosts."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the option `window`."""

    DOCUMENTATION = r"""
options:
  window:
    description:
      - The maintenance window. Outside of it the task is refused before the host is asked anything. Check mode is allowed at any time.
      - What has begun in the window is carried through, even where the window ends meanwhile.
      - When left out there is no such limit.
    type: dict
    suboptions:
      from:
        description:
          - When the window begins, as V('22:00'). In quotes, as YAML reads some times as numbers.
        type: str
        required: true
      until:
        description:
          - When it ends, as V('04:00'). A time before O(window.from) is on the day after. V('24:00') is the end of the day.
        type: str
        required: true
      days:
        description:
          - The days on which the window begins. What began on a Saturday at 22:00 ends on Sunday, and needs V(sat) only.
          - When left out every day.
        type: list
        elements: str
        choices: [mon, tue, wed, thu, fri, sat, sun]
      utc_offset:
        description:
          - The offset from UTC of the time that the window is meant in, as V('+01:00'). It knows no daylight saving time.
          - When left out the controller's own time. In an execution environment that is often UTC.
        type: str
      now:
        description:
          - A moment to judge by instead of the controller's clock, as V(2026-03-02T23:10:00+01:00), to try a window out.
        type: str
"""
