# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names of the stages, which knowledge, plans and options share."""

from __future__ import annotations

STAGES = ("services", "netbt", "smb_device", "rpc_restriction", "dcom_protocols", "name_resolution", "rpc_filters", "ip_filter")
"""Stages in the order in which their changes are made."""
