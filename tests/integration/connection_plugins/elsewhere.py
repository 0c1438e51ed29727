# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A connection to a host that is no Windows and not the controller, as ssh is one; it ends on this machine all the same."""

from __future__ import annotations

from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: elsewhere
short_description: As ssh, to this machine
description: As ssh, to this machine.
author: The netmin.windows contributors (@netmin)
extends_documentation_fragment: [connection_pipelining]
"""


class Connection(Local):  # type: ignore[misc]  # ansible-core is not typed
    """Runs commands here."""

    transport = "elsewhere"
