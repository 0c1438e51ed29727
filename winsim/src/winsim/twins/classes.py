# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows of the classes that follow from nothing else, and classes that the host refused."""

from __future__ import annotations

from collections.abc import Iterator

from winsim.host.found import FoundClass, RefusedClass

from .format import Capture, Query, cells_of
from .keys import refusal

OF_THE_STATE = frozenset(
    {
        *("win32_baseservice", "win32_service", "win32_systemdriver", "win32_dependentservice", "win32_process"),
        *("win32_operatingsystem", "win32_computersystem", "win32_networkadapterconfiguration"),
        *("msft_nettcpconnection", "msft_netudpendpoint", "msft_netfirewallrule"),
    }
)
"""Classes that show what a host does: the twin has their rows from its own state."""

MOST_JOINED = 100
"""Among so many rows of an answer those of another are looked for: conditions choose few."""


def classes(capture: Capture) -> tuple[FoundClass, ...]:
    """Return the rows of all other classes, each with all that was asked of it."""
    asked: dict[tuple[str, str], list[Query]] = {}
    for moment in reversed(capture.moments):
        for query in moment.queries:
            if query.place[1] not in OF_THE_STATE and query.error is None:
                asked.setdefault(query.place, []).append(query)
    return tuple(_joined(queries) for queries in asked.values())


def _joined(queries: list[Query]) -> FoundClass:
    """Join the answers of one class: those to a condition have rows that others may have already."""
    ordered = sorted(queries, key=lambda query: query.where is not None)
    rows: list[dict[str, str | tuple[str, ...]]] = []
    for query in ordered:
        for plain in query.rows:
            row = {name: cell for name, cell in cells_of(plain).items() if isinstance(cell, str | tuple)}
            looked_at = () if query is ordered[0] else rows[:MOST_JOINED]
            same = next((known for known in looked_at if all(known.get(name, cell) == cell for name, cell in row.items())), None)
            if same is None:
                rows.append(row)
            else:
                same.update(row)
    properties = dict.fromkeys(name for query in ordered for name in query.properties)
    return FoundClass(queries[0].place[0], queries[0].wmi_class, tuple(properties), tuple(rows))


def refused(capture: Capture) -> tuple[RefusedClass, ...]:
    """Return the classes that the host refused: always, or with properties that it does not have."""
    return tuple(_refused(capture))


def _refused(capture: Capture) -> Iterator[RefusedClass]:
    asked: dict[tuple[str, str], list[Query]] = {}
    for moment in capture.moments:
        for query in moment.queries:
            asked.setdefault(query.place, []).append(query)
    for (namespace, _lower), queries in asked.items():
        always = all(query.error is not None for query in queries)
        for query in queries:
            if query.error is not None:
                names = frozenset() if always else frozenset(name.lower() for name in query.properties)
                yield RefusedClass(namespace, query.wmi_class, names, refusal(query.error))
