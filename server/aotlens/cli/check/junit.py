"""Findings as a JUnit report: a suite for each file, and in it a case for each finding and each target without one."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree as xml

from aotlens.cli.output import path_label
from aotlens.explain.paths import position
from aotlens.model.snapshot import TargetState
from aotlens.project.checked import Checked, counts_as_failure
from aotlens.project.findings import Located

from .whole_text import whole_text

_NOT_IN_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document can have, not even as references."""


def junit_xml(checked: Checked, fail_on: str) -> str:
    """The report. Findings that do not make the command fail are cases that pass."""
    root = xml.Element("testsuites", name="aotlens")
    totals: Counter[str] = Counter()
    for path in checked.paths:
        suite = xml.SubElement(root, "testsuite", name=_text(path_label(path)))
        for finding in checked.findings:
            if finding.path == path:
                _add_finding(suite, finding, fail_on)
        _add_targets(suite, checked, path)
        if not len(suite):
            xml.SubElement(suite, "testcase", name="no targets", classname=_text(path_label(path)), time="0")
        counts = {
            "tests": len(suite),
            "failures": len(suite.findall("testcase/failure")),
            "skipped": len(suite.findall("testcase/skipped")),
        }
        totals.update(counts)
        for name, number in counts.items():
            suite.set(name, str(number))
        suite.set("errors", "0")
        suite.set("time", "0")
    for name in ("tests", "failures"):  # the schema of Jenkins allows no number of skipped cases here
        root.set(name, str(totals[name]))
    root.set("errors", "0")
    root.set("time", "0")
    xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _add_finding(suite: xml.Element, finding: Located, fail_on: str) -> None:
    label, span = path_label(finding.path), finding.span
    place = position(finding.path, span.line, span.column or 1, path_label)
    case = xml.SubElement(
        suite,
        "testcase",
        name=_text(f"{finding.code} at {place}"),
        classname=_text(finding.within or label),
        time="0",
    )
    first = finding.diagnostic.message.split("\n")[0]
    details = _text(f"{place}: {finding.severity} {finding.code} {whole_text(finding)}")
    if counts_as_failure(finding.severity, fail_on):
        failure = xml.SubElement(case, "failure", message=_text(first), type=finding.code)
        failure.text = details
    else:
        xml.SubElement(case, "system-out").text = details


def _add_targets(suite: xml.Element, checked: Checked, path: str) -> None:
    """Add a case for each target of a file: it was traced, or not."""
    skipped = {each.state.key: each.message for each in checked.untraced}
    states: list[TargetState] = [state for state in checked.project.targets if state.key.path == path]
    for state in states:
        if state.status != "traced" and state.key not in skipped:
            continue  # it is a finding
        case = xml.SubElement(
            suite, "testcase", name=_text(state.key.qualname), classname=_text(path_label(path)), time="0"
        )
        if state.key in skipped:
            xml.SubElement(case, "skipped", message=_text(skipped[state.key].split("\n")[0]))


def _text(text: str) -> str:
    return _NOT_IN_XML.sub(lambda match: repr(match[0])[1:-1], text)
