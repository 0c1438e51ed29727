# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of a host that do not fit their schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import NotUnderstood, ProtocolError
from .foreign import excerpt


@contextmanager
def understood(host: str, what: str) -> Iterator[None]:
    """Raise ProtocolError where an answer does not fit its schema: a list in place of a number, a text that is no number.

    Args:
        host: the address that messages name.
        what: what was asked for.
    """
    try:
        yield
    except ValueError as error:
        if isinstance(error, NotUnderstood) and error.host:
            # It names the host, the class and the property already.
            raise
        raise ProtocolError(f"{what} at {host}: the answer has a value of the wrong type or form: {excerpt(error)}", host=host) from error
