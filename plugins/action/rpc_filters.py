# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Binds `netmin.windows.rpc_filters`."""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._action.planned import StageAction
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import rpc_filters


class ActionModule(StageAction):
    """The stage `rpc_filters` alone."""

    stage = rpc_filters.STAGE
