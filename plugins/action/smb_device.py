# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Binds `netmin.windows.smb_device`."""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._action.planned import StageAction
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import smb_device


class ActionModule(StageAction):
    """The stage `smb_device` alone."""

    stage = smb_device.STAGE
