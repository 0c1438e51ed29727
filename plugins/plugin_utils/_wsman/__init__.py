# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The language: WS-Management messages as typed values, to bytes and back. No I/O, no clock, no host state."""
