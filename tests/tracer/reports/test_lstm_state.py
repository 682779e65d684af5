"""An LSTM whose state goes into the next call: its derivative is not run on values that were made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_an_lstm_with_state(report: Callable[[str, str], dict[str, Any]]) -> None:
    trace = report("lstm_state", "Lstm")
    assert trace["status"] == "traced", trace["failure"]
    kept = [finding for finding in trace["findings"] if finding["code"] == "graph-kept-across-calls"]
    assert {finding["line"] for finding in kept} == {13}
    assert trace["eager_run"]["error"]["step"] == 2
