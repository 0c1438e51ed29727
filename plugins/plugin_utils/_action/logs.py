# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show the collection's log through Ansible's Display: DEBUG at -vvvv, INFO at -vvv, the rest as warnings."""

from __future__ import annotations

import logging

from ansible.utils.display import Display
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import one_line

COLLECTION = "ansible_collections.netmin.windows"


class DisplayHandler(logging.Handler):
    """Hands records to Display.

    Attributes:
        host: whom the task is about that runs in this process.
    """

    host = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        text = of_host(self.host, one_line(record.getMessage()))
        display = Display()
        if record.levelno >= logging.WARNING:
            display.warning(text)
        elif record.levelno >= logging.INFO:
            display.vvv(text)
        else:
            display.vvvv(text)


def of_host(host: str, text: str) -> str:
    """Let a text begin with the host that it is about."""
    return text if not host or text.startswith(f"{host}: ") else f"{host}: {text}"


def install(host: str) -> None:
    """Attach the handler once, for a task on a host; without it Python would print warnings to stderr by itself."""
    logger = logging.getLogger(COLLECTION)
    handler = next((one for one in logger.handlers if isinstance(one, DisplayHandler)), None)
    if handler is None:
        handler = DisplayHandler()
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    # Ansible runs each task in a process of its own.
    handler.host = host
