# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One WMI row as it came over the wire: text, with typed access by name.

The wire carries no types: an array of one looks like a scalar, a null array is absent, a null scalar is
present and nil. Only the asker knows the schema, so the accessor chosen says what is expected. A host that sends something else
is answered here, once, with an error of ours that names it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from .errors import NotUnderstood
from .foreign import excerpt

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A REF property: class and key selectors of another instance."""

    class_name: str
    keys: Mapping[str, str]


Scalar: TypeAlias = "str | Reference | Row | None"
Value: TypeAlias = "Scalar | tuple[Scalar, ...]"
"""A scalar as text, a REF, an instance inside the property, an array of them, or null."""


@dataclass(frozen=True, slots=True)
class Row:
    """Properties of one instance, or columns of one projected row; names are compared without case.

    Attributes:
        host: who sent it, for messages.
    """

    class_name: str
    values: Mapping[str, Value]
    host: str = field(default="", compare=False, repr=False)

    def value(self, name: str) -> Value:
        """Return the raw value; None where it is null or absent."""
        if name in self.values:
            return self.values[name]
        wanted = name.lower()
        return next((value for key, value in self.values.items() if key.lower() == wanted), None)

    def text(self, name: str) -> str | None:
        """Return a scalar as text; None where it is null or absent.

        Raises:
            NotUnderstood: it is an array or a reference.
        """
        value = self.value(name)
        if value is None or isinstance(value, str):
            return value
        raise self._not_understood(name, "is not a single value")

    def _not_understood(self, name: str, finding: str) -> NotUnderstood:
        where = f" at {self.host}" if self.host else ""
        return NotUnderstood(f"{self.class_name}.{name}{where} {finding}", host=self.host)

    def number(self, name: str) -> int | None:
        """Return a scalar as an integer, which in WMI has 64 bits at most.

        Raises:
            NotUnderstood: it is none.
        """
        text = self.text(name)
        try:
            return None if text is None else whole_number(text)
        except ValueError as error:
            raise self._not_understood(name, f"is not a number of 64 bits: '{excerpt(text, 20)}'") from error

    def flag(self, name: str) -> bool | None:
        """Return a scalar as a boolean."""
        text = self.text(name)
        return None if text is None else text.strip().lower() == "true"

    def texts(self, name: str) -> tuple[str, ...]:
        """Return an array as text; empty where it is null, absent or empty (the wire shows no difference)."""
        value = self.value(name)
        items = value if isinstance(value, tuple) else (value,)
        return tuple(item for item in items if isinstance(item, str))

    def reference(self, name: str) -> Reference | None:
        """Return a REF property."""
        value = self.value(name)
        return value if isinstance(value, Reference) else None

    def instances(self, name: str) -> tuple[Row, ...]:
        """Return the instances inside a property; none where it is null, absent or something else."""
        value = self.value(name)
        items = value if isinstance(value, tuple) else (value,)
        return tuple(item for item in items if isinstance(item, Row))

    def moment(self, name: str) -> datetime | None:
        """Return a datetime, aware, in UTC; None where null and for 1601-01-01, which Windows uses for "never".

        Raises:
            NotUnderstood: it is none.
        """
        text = self.text(name)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text.strip())
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return None if moment.year <= 1601 else moment.astimezone(UTC)
        except (OverflowError, ValueError) as error:
            raise self._not_understood(name, f"is not a time: '{excerpt(text, 20)}'") from error


def whole_number(text: str) -> int:
    """Read an integer of 64 bits as it comes from a host.

    Raises:
        ValueError: it is none: no ASCII digits, or more than such a number can have.
    """
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"'{text[:30]}' is not a number")
    number = int(text)
    if not -(2**63) <= number < 2**64:
        raise ValueError(f"{number} is too large")
    return number
