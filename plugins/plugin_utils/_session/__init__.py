# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Talking to a host: the only network I/O of the client. Never imports ansible; the connection object is passed in."""
