# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run forecasts each plan once and looks once at what was: whoever asks again gets the same answer."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.forecast import forecast
from ansible_collections.netmin.windows.plugins.plugin_utils._run import survey
from ansible_collections.netmin.windows.plugins.plugin_utils._run.confirming import Wish
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import snapshot
from ansible_collections.netmin.windows.tests.unit.faulty import Means, minimize, restore
from ansible_collections.netmin.windows.tests.unit.simulated import booted

RUNS = ("20260101T000000Z-000001", "20260102T000000Z-000002")
DROP: dict[str, Any] = {"ip_filter": {"residue": "drop", "unknown": False}}


@pytest.mark.parametrize(
    ("options", "means", "most"),
    [
        ({}, Means(), 1),
        ({}, Means(check=True), 1),
        ({}, Means(wish=Wish(600, hold=False)), 1),
        # The plan that leaves something open, the same were what is stopped started again, and the plan with its rules.
        (DROP, Means(), 3),
    ],
)
def test_each_plan_is_forecast_once(options: dict[str, Any], means: Means, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    forecasts: Counter[tuple[object, ...]] = Counter()
    taken: list[object] = []
    take = snapshot.take

    def counted(explained: Any, future: Any, *others: Any) -> Any:
        forecasts[future.plan.changes, future.wary] += 1
        return forecast(explained, future, *others)

    def looked(*given: Any) -> Any:
        taken.append(given)
        return take(*given)

    monkeypatch.setattr(survey, "forecast", counted)
    monkeypatch.setattr(snapshot, "take", looked)
    with booted("windows_server_2022") as host:
        attempt = minimize(host, RUNS[0], means=means, **options)
        assert attempt.changes
        assert set(forecasts.values()) == {1}
        assert len(forecasts) == most
        assert len(taken) == (0 if means.check else 1)
        if not means.check:
            forecasts.clear()
            assert restore(host, RUNS[1]).changes
            assert sum(forecasts.values()) == 1
