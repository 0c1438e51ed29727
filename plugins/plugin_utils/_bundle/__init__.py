# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as files for a host without a channel: scripts that close and undo, what a person reads, and the manifest for the proof."""
