# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Twins: simulated hosts made from captures, which are what real hosts once answered, in files.

`read_twin` makes one from a file. The format is published by those who write such files; it is read here by code of its own.
"""

from __future__ import annotations

from .file import CaptureError
from .twin import Twin, read_twin

__all__ = ["CaptureError", "Twin", "read_twin"]
