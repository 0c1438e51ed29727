# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables of a command processor, by name without regard to case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Environment:
    """A set of variables; names keep the case they were made with."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = {name.upper(): (name, value) for name, value in (variables or {}).items()}

    def get(self, name: str) -> str | None:
        """Return a variable, None where it is not defined."""
        found = self._variables.get(name.upper())
        return None if found is None else found[1]

    def set(self, name: str, value: str) -> None:
        """Give a variable a value; an empty one removes it."""
        if value:
            known = self._variables.get(name.upper())
            self._variables[name.upper()] = (known[0] if known else name, value)
        else:
            self._variables.pop(name.upper(), None)

    def copy(self) -> Environment:
        """Return the same variables, to be changed by somebody else."""
        made = Environment()
        made._variables = dict(self._variables)
        return made

    def starting(self, prefix: str) -> Iterable[tuple[str, str]]:
        """Return names and values of those whose name begins so, sorted."""
        return [pair for key, pair in sorted(self._variables.items()) if key.startswith(prefix.upper())]
