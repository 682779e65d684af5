"""The findings of a project that count: of the chosen codes, and not in the baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .baseline import compare, read_baseline
from .findings import Found, Located, Untraced, findings_in
from .lock_findings import AgainstLock
from .tracing import TracedProject

SEVERITIES = ("error", "warning", "information", "hint")
"""The severities of findings, the worst first."""


@dataclass(frozen=True)
class Choice:
    """The findings that are wanted. `select` are their codes (None: all), `ignore` are codes among them that are not.

    `baseline` is the file of known findings, None without one. With `hints`, hints are wanted too.
    """

    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    baseline: Path | None = None
    hints: bool = False

    def takes(self, finding: Located) -> bool:
        """Whether a finding is one of those that are wanted."""
        if finding.severity == "hint" and not self.hints:
            return False
        return finding.code not in self.ignore and (self.select is None or finding.code in self.select)


@dataclass(frozen=True)
class Checked:
    """The findings that are wanted, in the order of files and lines.

    `known` are those that the baseline has, `suppressed` those with a comment, and `elsewhere` those at lines of files
    that were not asked for. `gone` is the number of findings in the baseline that are no longer there. `hints` is the
    number of hints, if they are not wanted.
    """

    project: TracedProject
    findings: tuple[Located, ...]
    known: tuple[Located, ...]
    suppressed: tuple[Located, ...]
    elsewhere: tuple[Located, ...]
    untraced: tuple[Untraced, ...]
    gone: int = 0
    hints: int = 0

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that were asked for, and then the others that findings are in, such as a lock."""
        every = (*self.findings, *self.known, *self.suppressed)
        return tuple(dict.fromkeys((*self.project.paths, *(each.path for each in every))))

    @property
    def by_severity(self) -> Counter[str]:
        """The number of findings of each severity."""
        return Counter(each.severity for each in self.findings)

    def fails(self, fail_on: str) -> bool:
        """Whether a finding is at least as bad as `fail_on`, which is a severity or `never`."""
        return any(counts_as_failure(each.severity, fail_on) for each in self.findings)


def counts_as_failure(severity: str, fail_on: str) -> bool:
    """Whether a severity is at least as bad as `fail_on`, which is a severity or `never`."""
    return fail_on != "never" and SEVERITIES.index(severity) <= SEVERITIES.index(fail_on)


def check(project: TracedProject, choice: Choice, against: AgainstLock | None = None) -> Checked:
    """Find what is wanted in a traced project, and what is not as a lock has it.

    Raises Misuse if the baseline cannot be read, or the parts are traced with different torches.
    """
    found = findings_in(project, against)
    wanted = _taken(found.findings, choice)
    known: tuple[Located, ...] = ()
    gone = 0
    if choice.baseline is not None:
        compared = compare(choice.baseline, read_baseline(choice.baseline), wanted, project.whole)
        wanted, known, gone = compared.new, compared.known, compared.gone
    return Checked(
        project,
        wanted,
        known,
        _taken(found.suppressed, choice),
        _taken(found.elsewhere, choice),
        found.untraced,
        gone,
        _hints(found, choice),
    )


def _taken(findings: Iterable[Located], choice: Choice) -> tuple[Located, ...]:
    return tuple(filter(choice.takes, findings))


def _hints(found: Found, choice: Choice) -> int:
    return 0 if choice.hints else sum(each.severity == "hint" for each in found.findings)
