# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option by which the host puts a run back unless it is confirmed."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the option `confirm`."""

    DOCUMENTATION = r"""
options:
  confirm:
    description:
      - Arms a timer on the host before the first change. Unless the run is confirmed over a new connection in time, the host puts the
        run back by itself, and restarts once where a value that it puts back needs a boot.
      - The timer is a fixed script of the command shell without PowerShell. On Windows Vista and later a scheduled task starts it,
        before a service. After a boot the whole time runs again.
      - Nothing is changed unless the timer is seen to run. Refused on Windows 2000, and where something to be put back cannot be
        written on a command line.
      - A run that failed is not confirmed. When left out there is no timer.
    type: dict
    suboptions:
      within:
        description:
          - After how many seconds the host puts the run back, 60 to 86400. The host counts, and takes a little longer.
          - A run that takes as long fails, and makes no change any more when the time is nearly over.
        type: int
        default: 600
      hold:
        description:
          - Whether the task leaves the timer running, so that M(netmin.windows.confirm) confirms later, after a restart for example.
        type: bool
        default: false
"""
