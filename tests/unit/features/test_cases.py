from __future__ import annotations

import pytest

from unit.features.cases import Case, cases, check


@pytest.mark.parametrize("case", cases(), ids=str)
def test_case(case: Case) -> None:
    check(case)
