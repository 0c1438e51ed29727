# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show the collection's log through Ansible's Display: DEBUG at -vvvv, INFO at -vvv, the rest as warnings."""

from __future__ import annotations

import logging

from ansible.utils.display import Display
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import printable

COLLECTION = "ansible_collections.netmin.windows"


class DisplayHandler(logging.Handler):
    """Hands records to Display."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        text = printable(record.getMessage())
        display = Display()
        if record.levelno >= logging.WARNING:
            display.warning(text)
        elif record.levelno >= logging.INFO:
            display.vvv(text)
        else:
            display.vvvv(text)


def install() -> None:
    """Attach the handler once; without it Python would print warnings to stderr by itself."""
    logger = logging.getLogger(COLLECTION)
    if not any(isinstance(handler, DisplayHandler) for handler in logger.handlers):
        logger.addHandler(DisplayHandler())
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
