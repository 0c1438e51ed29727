# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option that keeps a copy of a run's record on the controller."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of `record_dir`."""

    DOCUMENTATION = r"""
options:
  record_dir:
    description:
      - Folder on the controller for a copy of the run's record, including the snapshot. The file is named after the host and the run.
      - The file has everything that the run knew of the host, whatever O(detail) says.
      - A relative path is relative to the play. In a playbook of this collection, it is relative to the current folder. The folder is
        created if it does not exist.
      - The file is written to disk before the first change, and only its owner can read it. If it cannot be written, nothing is changed.
      - M(netmin.windows.restore) reads the record on the host. This copy is for people and is not needed for a restore.
    type: path
"""
