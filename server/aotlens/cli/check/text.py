"""Findings as linters print them: `path:line:column: severity code message`, and a summary."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from aotlens.cli.output import path_label
from aotlens.explain.paths import position
from aotlens.explain.visible import visible, visible_line
from aotlens.project.checked import SEVERITIES, Checked
from aotlens.project.findings import Located, Untraced

_STYLES = {"error": "bold red", "warning": "bold yellow", "information": "bold blue", "hint": "bold"}
_INDENT = " " * 4
_NOUNS = {
    "error": ("error", "errors"),
    "warning": ("warning", "warnings"),
    "information": ("information", "information"),
    "hint": ("hint", "hints"),
}


def print_findings(checked: Checked, show_untraced: bool, console: Console | None = None) -> None:
    """Print the findings, on stdout by default; with `show_untraced`, also the targets that were not traced."""
    console = console or Console(highlight=False, soft_wrap=True)
    for each in checked.findings:
        console.print(_line(each))
    for untraced in checked.untraced if show_untraced else ():
        console.print(_untraced(untraced))
    if checked.findings or (show_untraced and checked.untraced):
        console.print()


def print_summary(
    checked: Checked, show_untraced: bool, *, to_stderr: bool = False, console: Console | None = None
) -> None:
    """Print what was found in how much, by code, and what is not shown; on stdout by default."""
    console = console or Console(file=sys.stderr if to_stderr else sys.stdout, highlight=False, soft_wrap=True)
    for line in _summary(checked, show_untraced):
        console.print(line)


def _line(finding: Located) -> Text:
    first, *rest = visible(finding.diagnostic.message).splitlines() or [""]
    span = finding.span
    text = Text()
    text.append(f"{_place(finding.path, span.line, span.column)}:", style="bold")
    text.append(f" {finding.severity}", style=_STYLES[finding.severity])
    text.append(f" {finding.code}", style="cyan")
    text.append(f" {first}")
    for line in rest:
        text.append(f"\n{_INDENT}{line}")
    for message, place in finding.diagnostic.related:
        where = _place(place.path, place.line, place.column)
        text.append(f"\n{_INDENT}{where}: {visible(message)}", style="dim")
    return text


def _place(path: str, line: int, column: int | None) -> str:
    """A place as compilers print it, `model.py:14:9`; in a notebook its cell and line."""
    return visible_line(position(path, line, column or 1, path_label))


def _untraced(untraced: Untraced) -> Text:
    first, *rest = visible(untraced.message).splitlines() or [""]
    key = untraced.state.key
    text = Text()
    text.append(f"{_place(key.path, untraced.line, 1)}:", style="bold")
    text.append(" not traced", style="bold")
    text.append(f" {visible_line(key.qualname)}: {first}")
    for line in rest:
        text.append(f"\n{_INDENT}{line}")
    return text


def _summary(checked: Checked, show_untraced: bool) -> Iterable[Text]:
    findings, project = checked.findings, checked.project
    traced = sum(state.status == "traced" for state in project.targets)
    scope = f"{_count(len(project.paths), 'file')}, {_count(traced, 'target')} traced"
    if not findings:
        yield Text(f"Nothing found ({scope}).", style="bold green" if traced else "bold")
    else:
        files = len({each.path for each in findings})
        counts = [
            _count(number, *_NOUNS[severity]) for severity in SEVERITIES if (number := checked.by_severity[severity])
        ]
        yield Text(f"Found {_listed(counts)} in {_count(files, 'file')} ({scope}):", style="bold")
        yield from _by_code(findings)
    if checked.untraced and not show_untraced:
        targets = _count(len(checked.untraced), "target")
        why = "no known example, no module, or a script that lacks its data"
        yield Text(f"{targets} not traced: {why} (--show-untraced).")
    yield from _left_out(checked)


def _by_code(findings: Iterable[Located]) -> Iterable[Text]:
    counted = Counter((SEVERITIES.index(each.severity), each.code) for each in findings)
    width = max(len(str(number)) for number in counted.values())
    for (severity, code), number in sorted(counted.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
        name = SEVERITIES[severity]
        line = Text(f"  {number:>{width}} ")
        line.append(f"{name:<11}", style=_STYLES[name])
        line.append(f" {code}", style="cyan")
        yield line


def _left_out(checked: Checked) -> Iterable[Text]:
    """Sentences about what is known and not shown."""
    if checked.suppressed:
        yield Text(f"{_count(len(checked.suppressed), 'finding')} suppressed by comments.")
    if checked.known:
        yield Text(f"{_count(len(checked.known), 'finding')} known from the baseline.")
    if checked.gone:
        is_one = checked.gone == 1
        yield Text(
            f"{_count(checked.gone, 'finding')} of the baseline {'is' if is_one else 'are'} gone: "
            f"--write-baseline removes {'it' if is_one else 'them'} from it."
        )
    if checked.elsewhere:
        paths = list(dict.fromkeys(visible_line(path_label(each.path)) for each in checked.elsewhere))
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        yield Text(
            f"{_count(len(checked.elsewhere), 'finding')} at lines of files that were not asked for: "
            f"{', '.join(paths[:3])}{more}."
        )
    if checked.hints:
        yield Text(f"{_count(checked.hints, 'hint')} not shown (--show-hints).")


def _count(number: int, one: str, several: str | None = None) -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
