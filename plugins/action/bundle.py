# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Binds `netmin.windows.bundle`."""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._action.bundling import BundleAction


class ActionModule(BundleAction):
    """Write a plan as scripts."""
