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
      - The maintenance window. Outside it, the task is refused before it contacts the host. Check mode is always allowed.
      - What has started inside the window is completed, even if the window ends in the meantime. A host that rolls a run back under
        C(confirm) does so at any time.
      - Without this option there is no such limit.
    type: dict
    suboptions:
      from:
        description:
          - When the window starts, for example V('22:00'). Use quotes, because YAML reads some times as numbers.
        type: str
        required: true
      until:
        description:
          - When the window ends, for example V('04:00'). A time earlier than O(window.from) means the next day. V('24:00') is the end of
            the day.
        type: str
        required: true
      days:
        description:
          - Days on which the window starts. A window that starts on Saturday at 22:00 and ends on Sunday needs only V(sat).
          - By default, every day.
        type: list
        elements: str
        choices: [mon, tue, wed, thu, fri, sat, sun]
      utc_offset:
        description:
          - UTC offset of the window's times, for example V('+01:00'). It does not follow daylight saving time.
          - By default, the controller's local time, which is often UTC in an execution environment.
        type: str
      now:
        description:
          - A time to use instead of the controller's clock, for example V(2026-03-02T23:10:00+01:00), to test a window.
        type: str
"""
