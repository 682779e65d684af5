"""Tests as data, over the wire: what an editor asks a real server of real traces, and the answers below the questions.

A file of `cases/<workspace>/` holds, for sources named by `# path` lines, cases of one or more steps, such as

    ## hover `x = block$0(x)`

    **module** `blocks.{0..5}` …

    ## execute `aotlens.traceNow zoo/slow.py::Slow`; wait

`$0` is the cursor. An answer is put in words that are the same for all editors: what differs by their capabilities
(links, versions of edits, plain text) is checked here, and left out. `AOTLENS_UPDATE_EXPECTED=1 pytest
tests/lsp/test_cases.py` writes the answers that are given now.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from expectations import Expectation, is_updating, read, write
from lsp.client import Client, Message, serving

HERE = Path(__file__).parent / "cases"
SITE = Path(sysconfig.get_path("purelib"))
PATIENCE = 300.0
SETTLE = 0.3
_HEAD = re.compile(r"[a-z ]+(?: `[^`]*`)?(?:; [a-z ]+(?: `[^`]*`)?)*")
_STEP = re.compile(r"([a-z][a-z ]*[a-z])(?: `([^`]*)`)?(?:; |$)")
_SEVERITIES = {1: "error", 2: "warning", 3: "information", 4: "hint"}
_SYMBOLS = {7: "property", 8: "field"}
_COMPLETIONS = {5: "field", 9: "module", 10: "property"}
_UNSETTLED = re.compile(r"(?:^|[:·] )(?:tracing:|waiting to be traced|not traced yet)")
_ROWS = 10


@dataclass(frozen=True)
class Case:
    """Steps that are taken one after the other about one source, and what comes of each."""

    file: str
    source: str
    head: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}: {self.source}: {self.head}"

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The actions, each with its argument."""
        return [(verb, argument) for verb, argument in _STEP.findall(self.head)]


def cases(workspace: str) -> list[Case]:
    """Every case of a workspace."""
    return [
        Case(path.name, known.source, known.head, known.text)
        for path in sorted((HERE / workspace).glob("*.md"))
        for known in read(path, _HEAD)
    ]


def check(desk: Desk, case: Case) -> None:
    """Compare the answers with the expected ones, or write them if the tests are updating."""
    if is_updating():
        case = next(known for known in cases(desk.workspace) if str(known) == str(case))
    actual = desk.answers(case)
    if desk.same(actual, case.expected):
        return
    if is_updating():
        write(HERE / desk.workspace / case.file, _HEAD, Expectation(case.source, case.head, actual))
        return
    difference = difflib.unified_diff(case.expected.split("\n"), actual.split("\n"), "expected", "actual", lineterm="")
    raise AssertionError("\n".join(difference))


class Desk:
    """An editor at work: a server, with the capabilities of a real editor, and a workspace whose files are open."""

    def __init__(self, client: Client, editor: str, capabilities: dict[str, Any], workspace: str, root: Path) -> None:
        self.client = client
        self.editor = editor
        self.capabilities = capabilities
        self.workspace = workspace
        self.root = root
        self.encoding = "utf-16"
        self.initialized: dict[str, Any] = {}
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.trouble: list[str] = []
        self.past: list[Message] = []
        """The messages of the server, up to the last look at them."""
        self._since = 0
        self._case = Case("", "", "", "")

    def can(self, *names: str) -> Any:
        """The capability that the editor declares under these names; None if it declares none."""
        value: Any = self.capabilities
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    # Starting.

    def start(self, settings: dict[str, Any], sources: list[str]) -> None:
        """Initialize the server as the editor does, open the sources, and wait until all is traced."""
        client = self.client
        client.answers["window/showDocument"] = {"success": True}
        client.answers["workspace/applyEdit"] = {"applied": True}
        client.answers["workspace/configuration"] = lambda message: [
            settings if item.get("section") == "aotlens" else None for item in message["params"]["items"]
        ]
        uri = self.root.as_uri()
        options: dict[str, Any] = {"trusted": True}
        if not self.can("workspace", "configuration"):
            options["settings"] = settings
        params: dict[str, Any] = {"processId": os.getpid(), "rootUri": uri, "capabilities": self.capabilities}
        if self.can("workspace", "workspaceFolders"):
            params["workspaceFolders"] = [{"uri": uri, "name": self.root.name}]
        self.initialized = client.result("initialize", {**params, "initializationOptions": options}, PATIENCE)
        self.encoding = self.initialized["capabilities"].get("positionEncoding", "utf-16")
        client.notify("initialized", {})
        for source in sources:
            path = self.path(source)
            text = path.read_text(encoding="utf-8")
            self.texts[path.as_uri()] = text
            self.versions[path.as_uri()] = 1
            client.open(path.as_uri(), text)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is being traced and everything has been told."""
        end = time.monotonic() + PATIENCE
        while any(_UNSETTLED.search(title) for _, title, _, _ in self._lenses(list(self.texts))):
            self._look_through()
            assert time.monotonic() < end, "the traces do not come to an end"
            time.sleep(0.3)
        time.sleep(SETTLE)  # what is to be told after the last change is on its way
        for _ in range(2):
            self.client.result("workspace/symbol", {"query": "no such thing"}, PATIENCE)

    # Places.

    def path(self, source: str) -> Path:
        """The file that a case means."""
        return SITE / source.removeprefix("$SITE/") if source.startswith("$SITE/") else self.root / source

    def said(self, text: str) -> str:
        """A text without what differs from machine to machine."""
        for value, name in ((str(self.root), "$PROJECT"), (str(SITE), "$SITE"), (sys.executable, "$PYTHON")):
            text = text.replace(value, name)
        return text.replace("$PROJECT/", "")

    def find(self, uri: str, marked: str) -> tuple[int, int]:
        """The line and column, from 0 and in code points, of `$0` in a piece of a document that is in it once.

        `⏎` stands for the end of a line.
        """
        before, mark, after = marked.replace("⏎", "\n").partition("$0")
        assert mark, f"no $0 in {marked!r}"
        text = self.texts[uri]
        assert text.count(before + after) == 1, f"{before + after!r} is in {uri} {text.count(before + after)} times"
        lines = text[: text.index(before + after) + len(before)].split("\n")
        return len(lines) - 1, len(lines[-1])

    def position(self, uri: str, line: int, column: int) -> dict[str, int]:
        """A position as the server counts it."""
        text = _lines(self.texts[uri])[line]
        return {"line": line, "character": _units(text[:column], self.encoding)}

    def at(self, source: str, marked: str) -> dict[str, Any]:
        """The parameters of a request about a position."""
        uri = self.path(source).as_uri()
        return {"textDocument": {"uri": uri}, "position": self.position(uri, *self.find(uri, marked))}

    def column(self, uri: str, position: dict[str, int]) -> int:
        """The column of the server's position, from 0 and in code points. It has to be in the text."""
        lines = _lines(self._text(uri))
        assert position["line"] < len(lines), f"{position} is past the end of {uri}"
        text = lines[position["line"]]
        for column in range(len(text) + 1):
            if _units(text[:column], self.encoding) == position["character"]:
                return column
        raise AssertionError(f"{position} is no place in {text!r}")

    def place(self, uri: str, range: dict[str, Any]) -> str:
        """`zoo/parts.py:25:19 `nn.Linear(width, 2 * width)``; of torch, whose lines move, without numbers."""
        start, end = range["start"], range["end"]
        first, last = self.column(uri, start), self.column(uri, end)
        assert (start["line"], first) <= (end["line"], last), range
        lines = _lines(self._text(uri))[start["line"] : end["line"] + 1]
        piece = lines[0][first:last] if len(lines) == 1 else lines[0][first:] + " …"
        name = self.said(_path(uri))
        where = "" if name.startswith("$SITE/torch/") else f":{start['line'] + 1}:{first + 1}"
        return f"{name}{where} `{piece}`"

    def _text(self, uri: str) -> str:
        return self.texts[uri] if uri in self.texts else Path(_path(uri)).read_text(encoding="utf-8")

    # Answers.

    def answers(self, case: Case) -> str:
        """The result of each step of a case."""
        self._look_through()
        self._since, self._case = len(self.past), case
        parts = [getattr(self, "_" + verb.replace(" ", "_"))(case.source, argument) for verb, argument in case.steps]
        parts += [f"says: {self.said(text)}" for text in self._take_popups()]
        self._look_through()
        return "\n\n".join(part for part in parts if part)

    def _look_through(self) -> None:
        """Check what came, and put it aside: the client goes through all that it has with each reply."""
        self.client.check()
        with self.client._changed:
            self.past += self.client.messages
            self.client.messages.clear()
            self.client._sent.clear()

    def _told(self, method: str, since: int = 0) -> list[Message]:
        """The server's notifications and requests of a method."""
        return [one for one in [*self.past, *self.client.messages][since:] if one.get("method") == method]

    def same(self, actual: str, expected: str) -> bool:
        """Whether an answer is the expected one, as far as the editor shows it."""
        if actual == expected:
            return True
        return not self.shows_markdown and _plain(actual) == _plain(expected)

    @property
    def shows_markdown(self) -> bool:
        """Whether hovers come in Markdown."""
        formats = self.can("textDocument", "hover", "contentFormat")
        return not formats or "markdown" in formats

    @property
    def pulls_diagnostics(self) -> bool:
        """Whether the editor asks for diagnostics: it can, and the server says that it answers."""
        return "diagnosticProvider" in self.initialized["capabilities"] and bool(self.can("textDocument", "diagnostic"))

    def _ask(self, method: str, params: Any) -> Any:
        return self.client.result(method, params, PATIENCE)

    def _hover(self, source: str, marked: str) -> str:
        params = self.at(source, marked)
        found = self._ask("textDocument/hover", params)
        if found is None:
            return "nothing"
        if found["contents"]["kind"] != ("markdown" if self.shows_markdown else "plaintext"):
            self.trouble.append(f"a hover is {found['contents']['kind']}")
        uri, at = params["textDocument"]["uri"], params["position"]
        self.place(uri, found["range"])
        if not _covers(found["range"], at):
            self.trouble.append(f"the range {found['range']} of the hover at {at} is elsewhere")
        return self.said(found["contents"]["value"])

    def _signature(self, source: str, marked: str) -> str:
        found = self._ask("textDocument/signatureHelp", self.at(source, marked))
        if found is None:
            return "nothing"
        (signature,) = found["signatures"]
        formats = self.can("textDocument", "signatureHelp", "signatureInformation", "documentationFormat")
        wanted = "markdown" if not formats or "markdown" in formats else "plaintext"
        if signature["documentation"]["kind"] != wanted:
            self.trouble.append(f"a signature's text is {signature['documentation']['kind']}")
        parameters = [each["label"] for each in signature["parameters"]]
        assert all(each in signature["label"] for each in parameters)
        active = found.get("activeParameter")
        at = parameters[active] if active is not None else "nothing"
        return f"{signature['label']}\n\nat {at}\n\n{self.said(signature['documentation']['value'])}"

    def _definition(self, source: str, marked: str) -> str:
        params = self.at(source, marked)
        found = self._ask("textDocument/definition", params) or []
        is_link = bool(self.can("textDocument", "definition", "linkSupport"))
        shown = []
        for one in found:
            if is_link != ("targetUri" in one):
                self.trouble.append("a definition is a " + ("Location" if is_link else "LocationLink"))
            if "targetUri" not in one:
                shown.append(self.place(one["uri"], one["range"]))
                continue
            self.place(params["textDocument"]["uri"], one["originSelectionRange"])
            if not _covers(one["originSelectionRange"], params["position"]):
                self.trouble.append(f"{one['originSelectionRange']} is not where the definition was asked for")
            assert _covers(one["targetRange"], one["targetSelectionRange"]["start"]), one
            shown.append(self.place(one["targetUri"], one["targetSelectionRange"]))
        return "\n".join(shown) or "nothing"

    def _references(self, source: str, marked: str, declaration: bool = True) -> str:
        params = {**self.at(source, marked), "context": {"includeDeclaration": declaration}}
        found = self._ask("textDocument/references", params) or []
        places = [self.place(one["uri"], one["range"]) for one in found]
        # The server sorts files by path, and here that of $SITE may come before or after that of the project.
        return "\n".join(sorted(places, key=lambda place: place.partition(":")[0])) or "nothing"

    def _references_without_declaration(self, source: str, marked: str) -> str:
        return self._references(source, marked, declaration=False)

    def _highlight(self, source: str, marked: str) -> str:
        params = self.at(source, marked)
        found = self._ask("textDocument/documentHighlight", params) or []
        uri = params["textDocument"]["uri"]
        kinds = {1: "text", 2: "read", 3: "write"}
        return "\n".join(f"{kinds[one['kind']]} {self.place(uri, one['range'])}" for one in found) or "nothing"

    def _symbols(self, source: str, query: str) -> str:
        rows = []
        for one in self._ask("workspace/symbol", {"query": query}):
            place = self.place(one["location"]["uri"], one["location"]["range"])
            rows.append(f"{_SYMBOLS[one['kind']]} {one['name']} ({one['containerName']}) {place}")
        return _some(rows)

    def _completion(self, source: str, marked: str) -> str:
        params = self.at(source, marked)
        found = self._ask("textDocument/completion", params)
        if found is None:
            return "nothing"
        rows, uri = [], params["textDocument"]["uri"]
        for item in found["items"]:
            if item.get("insertTextFormat") == 2:
                self.trouble.append(f"the completion {item['label']} is a snippet")
            edit = item["textEdit"]
            assert edit["newText"].startswith(item.get("filterText", item["label"]))
            rows.append(f"{_COMPLETIONS[item['kind']]} {item['label']}: {item['detail']}")
        text = _some(rows)
        if found["items"]:
            text += "\n\n" + self._changed(uri, [found["items"][0]["textEdit"]])
        return text + ("\n\nincomplete" if found["isIncomplete"] else "")

    def _lenses(self, uris: list[str]) -> list[tuple[str, str, str, str]]:
        """The lenses of documents: their places, titles, commands and tooltips."""
        found = []
        for uri in uris:
            for one in self._ask("textDocument/codeLens", {"textDocument": {"uri": uri}}) or []:
                command = self._ask("codeLens/resolve", one)["command"]
                place = self._line(uri, one["range"])
                found.append((place, command["title"], self._command(command), command.get("tooltip", "")))
        return found

    def _code_lenses(self, source: str, argument: str) -> str:
        lines: dict[str, list[str]] = {}
        for line, title, command, tooltip in self._lenses([self.path(source).as_uri()]):
            more = "".join(f"\n    {one}" for one in self.said(tooltip).splitlines())
            lines.setdefault(line, []).append(f"- {self.said(title)} → {command}{more}")
        return "\n\n".join(f"{line}\n" + "\n".join(rows) for line, rows in lines.items()) or "nothing"

    def _diagnostics(self, source: str, argument: str) -> str:
        uri = self.path(source).as_uri()
        return "\n".join(self._diagnostic(uri, one) for one in self._diagnosed(uri)) or "nothing"

    def _diagnosed(self, uri: str) -> list[dict[str, Any]]:
        """The diagnostics of a document: those sent, or asked for, as it is with the editor."""
        if self.pulls_diagnostics:
            report = self._ask("textDocument/diagnostic", {"textDocument": {"uri": uri}})
            assert report["kind"] == "full"
            return report["items"]
        sent = [message["params"] for message in self._told("textDocument/publishDiagnostics")]
        return next((params["diagnostics"] for params in reversed(sent) if params["uri"] == uri), [])

    def _diagnostic(self, uri: str, one: dict[str, Any]) -> str:
        assert one["source"] == "aotlens"
        head = f"{_SEVERITIES[one['severity']]} {one['code']} {self.place(uri, one['range'])}"
        kinds = ("publishDiagnostics", "diagnostic")
        if "relatedInformation" in one and not any(self.can("textDocument", k, "relatedInformation") for k in kinds):
            self.trouble.append(f"{head} has related information")
        return "\n    ".join([head, *self.said(one["message"]).splitlines()])

    def _inlay_hints(self, source: str, argument: str) -> str:
        uri = self.path(source).as_uri()
        lines = _lines(self.texts[uri])
        range = {"start": {"line": 0, "character": 0}, "end": {"line": len(lines), "character": 0}}
        rows = []
        for one in self._ask("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": range}) or []:
            at = one["position"]
            before = lines[at["line"]][: self.column(uri, at)].strip()
            tooltip = "".join(f"\n    {line}" for line in self.said(one.get("tooltip", "")).splitlines())
            rows.append(f"{at['line'] + 1} `{before}` ‹{one['label']}›{tooltip}")
        return "\n".join(rows) or "nothing"

    def _code_actions(self, source: str, marked: str) -> str:
        params = self.at(source, marked)
        uri, at = params["textDocument"]["uri"], params["position"]
        diagnostics = [one for one in self._diagnosed(uri) if _covers(one["range"], at)]
        range = {"start": at, "end": at}
        context = {"diagnostics": diagnostics, "triggerKind": 1}
        found = self._ask("textDocument/codeAction", {**params, "range": range, "context": context}) or []
        shown = []
        for one in found:
            if isinstance(one.get("command"), str):
                shown.append(f"- {self.said(one['title'])} → {self._command(one)}")
                continue
            if not self.can("textDocument", "codeAction", "codeActionLiteralSupport"):
                self.trouble.append(f"the code action {one['title']!r} is a literal")
            fixes = "".join(f", fixes {fixed['code']}" for fixed in one.get("diagnostics", ()))
            preferred = ", preferred" if one.get("isPreferred") else ""
            row = f"- {self.said(one['title'])} ({one['kind'] or 'no kind'}{fixes}{preferred})"
            if one.get("edit"):
                row += "\n" + self._edit(one["edit"])
            if one.get("command"):
                row += f" → {self._command(one['command'])}"
            shown.append(row)
        return "\n".join(shown) or "nothing"

    def _command(self, command: dict[str, Any]) -> str:
        known = self.initialized["capabilities"]["executeCommandProvider"]["commands"]
        assert not command["command"] or command["command"] in known, command
        return self.said(" ".join(map(str, [command["command"], *command.get("arguments", ())])))

    def _edit(self, edit: dict[str, Any]) -> str:
        """The lines that a workspace edit changes."""
        if "documentChanges" not in edit:
            return "\n".join(self._changed(uri, edits) for uri, edits in edit["changes"].items())
        if not self.can("workspace", "workspaceEdit", "documentChanges"):
            self.trouble.append("an edit has documentChanges")
        shown = []
        for change in edit["documentChanges"]:
            document = change["textDocument"]
            assert document["version"] == self.versions[document["uri"]]
            shown.append(self._changed(document["uri"], change["edits"]))
        return "\n".join(shown)

    def _changed(self, uri: str, edits: list[dict[str, Any]]) -> str:
        """The lines that edits change, as a difference; the document stays as it is."""
        text = self.texts[uri]
        starts = [0]
        for line in text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))

        def offset(position: dict[str, int]) -> int:
            return starts[position["line"]] + self.column(uri, position)

        for edit in sorted(edits, key=lambda edit: -offset(edit["range"]["start"])):
            start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
            text = text[:start] + edit["newText"] + text[end:]
        before, after = _lines(self.texts[uri]), _lines(text)
        first = next(index for index, (old, new) in enumerate(zip(before, after)) if old != new)
        last = 0
        while last < min(len(before), len(after)) - first and before[-1 - last] == after[-1 - last]:
            last += 1
        rows = [f"    -{line}" for line in before[first : len(before) - last]]
        rows += [f"    +{line}" for line in after[first : len(after) - last]]
        return "\n".join([f"    {self.said(_path(uri))}:{first + 1}", *rows])

    def _line(self, uri: str, range: dict[str, Any]) -> str:
        line = range["start"]["line"]
        return f"{line + 1} `{_lines(self.texts[uri])[line].strip()}`"

    # Commands, and what the server does by itself.

    def _execute(self, source: str, argument: str) -> str:
        command, *arguments = argument.split()
        full = [f"{self.path(path)}{colons}{name}" for path, colons, name in (a.partition("::") for a in arguments)]
        if command in ("aotlens.copyExpression", "aotlens.explainDdpError", "aotlens.switchConvention"):
            full[1:] = arguments[1:]
        request = self.client.request("workspace/executeCommand", {"command": command, "arguments": full})
        reply = self.client.reply(request, PATIENCE)
        if "error" in reply:
            return f"error {reply['error']['code']}: {self.said(reply['error']['message'])}"
        shown = [self._result(command, reply["result"])]
        for message in self._new("window/showDocument"):
            uri, selection = message["params"]["uri"], message["params"].get("selection")
            place = self.place(uri, selection) if selection else _path(uri).rpartition("/")[2]
            shown.append(f"opens {place}")
        if not self.can("window", "showDocument", "support") and command in (
            "aotlens.showMap",
            "aotlens.explainDdpError",
            "aotlens.editExample",
        ):
            shown += self._expected_of_others("opens ")
        for message in self._new("workspace/applyEdit"):
            shown.append(f"edits ({message['params'].get('label')})\n" + self._edit(message["params"]["edit"]))
        return "\n\n".join(part for part in shown if part)

    def _result(self, command: str, result: Any) -> str:
        if command == "aotlens.showLogs":
            assert all(re.search(kind, result) for kind in (r"tracer ready in \d", r"Zoo \(model\.py\) traced"))
            return f"{result.count('tracer ready in')} tracer was ready, Zoo was traced"
        if isinstance(result, dict) and "markdown" in result:
            assert Path(result["path"]).read_text(encoding="utf-8") == result["markdown"]
            return _without_versions(self.said(result["markdown"])).strip("\n")
        return "" if result is None else self.said(json.dumps(result, indent=2, ensure_ascii=False))

    def _wait(self, source: str, argument: str) -> str:
        """Wait until everything is traced: what was told of that meanwhile."""
        self.settle()
        return ""

    def _status(self, source: str, argument: str) -> str:
        """The states that `aotlens/status` has told since the case began; with `all`, since the server did."""
        told = self._told("aotlens/status") if argument == "all" else self._new("aotlens/status")
        states: list[str] = []
        for message in told:
            states.append(message["params"]["state"])
            if states[-4:] == ["ready", "busy", "ready", "busy"]:
                del states[-2:]
            if states[-3:] == ["ready", "busy", "ready"] and states[-5:-3] == ["ready", "busy"]:
                del states[-2:]
        params = dict(told[-1]["params"]) if told else {}
        for version in ("python", "torch"):
            params[version] = f"${version.upper()}" if params.get(version) else None
        return " → ".join(states) + "\n\n" + self.said(json.dumps(params, ensure_ascii=False))

    def _progress(self, source: str, argument: str) -> str:
        """The progress that was shown since the case began."""
        if not self.can("window", "workDoneProgress"):
            return self._expected_of_others("progress ")[0] if self._expected_of_others("progress ") else ""
        rows = []
        for message in self._new("$/progress"):
            value = message["params"]["value"]
            if value["kind"] == "begin":
                rows.append(f"progress {value['title']}" + (", can be cancelled" if value.get("cancellable") else ""))
            elif value["kind"] == "end":
                rows.append("ends")
            else:
                assert value["message"]
        return ": ".join(rows)

    def _cancel(self, source: str, target: str) -> str:
        """Cancel the trace that is under way: its progress, where the editor shows one."""
        if not self.can("window", "workDoneProgress"):
            return self._execute(source, f"aotlens.cancelTrace {target}")

        def token() -> Any:
            begun = [m["params"]["token"] for m in self._new("$/progress") if m["params"]["value"]["kind"] == "begin"]
            return begun[-1] if begun else None

        shown = self.client.wait(token, PATIENCE, "progress")
        self.client.notify("window/workDoneProgress/cancel", {"token": shown})
        return ""

    def _new(self, method: str) -> list[Message]:
        return self._told(method, self._since)

    def _expected_of_others(self, start: str) -> list[str]:
        """The expectations of editors that can show more. They are kept as they are: there is nothing to compare."""
        return [part for part in self._case.expected.split("\n\n") if part.startswith(start)]

    def _take_popups(self) -> list[str]:
        """The messages that popped up; `Client.check` lets none pass that no case names."""
        popups = self.client.of("window/showMessage")
        for message in popups:
            self.client.messages.remove(message)
        return [message["params"]["message"] for message in popups]

    # Manners.

    def undeclared(self) -> list[str]:
        """Everything that the server sent or chose although the editor does not declare it."""
        needs = {
            "workspace/codeLens/refresh": ("workspace", "codeLens", "refreshSupport"),
            "workspace/inlayHint/refresh": ("workspace", "inlayHint", "refreshSupport"),
            "workspace/diagnostic/refresh": ("workspace", "diagnostics", "refreshSupport"),
            "window/workDoneProgress/create": ("window", "workDoneProgress"),
            "window/showDocument": ("window", "showDocument", "support"),
            "workspace/configuration": ("workspace", "configuration"),
            "workspace/applyEdit": ("workspace", "applyEdit"),
            "textDocument/publishDiagnostics": ("textDocument", "publishDiagnostics"),
        }
        found = list(self.trouble)
        offered = self.can("general", "positionEncodings") or ["utf-16"]
        if self.encoding not in (*offered, "utf-16"):
            found.append(f"the encoding of positions is {self.encoding}")
        tokens = {message["params"]["token"] for message in self._told("window/workDoneProgress/create")}
        for message in [*self.past, *self.client.messages]:
            method = message.get("method", "")
            if method in needs and not self.can(*needs[method]):
                found.append(method)
            if method == "$/progress" and message["params"]["token"] not in tokens:
                found.append("$/progress without a token")
            if method == "client/registerCapability":
                for one in message["params"]["registrations"]:
                    kind, _, name = one["method"].partition("/")
                    if not self.can(kind, name, "dynamicRegistration"):
                        found.append(f"registers {one['method']}")
            if method == "textDocument/publishDiagnostics" and self.pulls_diagnostics:
                found.append("pushes diagnostics that the editor asks for")
        if self.pulls_diagnostics and not self.can("workspace", "diagnostics", "refreshSupport"):
            found.append("leaves diagnostics to an editor that cannot be told when there are new ones")
        return sorted(set(found))


@contextmanager
def at_desk(
    editor: str, capabilities: dict[str, Any], workspace: str, root: Path, settings: Any, sources: list[str]
) -> Iterator[Desk]:
    """An editor whose server has traced a workspace."""
    with serving(initialize=False) as client:
        desk = Desk(client, editor, capabilities, workspace, root)
        desk.start({"interpreter": sys.executable, **settings}, sources)
        yield desk


def _lines(text: str) -> list[str]:
    return text.split("\n")


def _units(text: str, encoding: str) -> int:
    """How many units of an encoding a text has."""
    size = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    return len(text.encode(encoding + ("-le" if size > 1 else ""))) // size


def _path(uri: str) -> str:
    return unquote(urlsplit(uri).path)


def _covers(range: dict[str, Any], position: dict[str, int]) -> bool:
    start, end = ((range[side]["line"], range[side]["character"]) for side in ("start", "end"))
    return start <= (position["line"], position["character"]) <= end


def _some(rows: list[str]) -> str:
    more = [f"… and {len(rows) - _ROWS} more"] if len(rows) > _ROWS else []
    return "\n".join([*rows[:_ROWS], *more]) or "nothing"


def _plain(markdown: str) -> str:
    """A text as it is without Markdown, spacing apart."""
    text = re.sub(r"^\|[\s:|-]+\|$", "", markdown, flags=re.MULTILINE)
    text = re.sub(r"^\|.*\|$", lambda row: re.sub(r"(?<!\\)\|", " ", row[0]), text, flags=re.MULTILINE)
    return " ".join(re.sub(r"[`*\\]", "", text).split())


def _without_versions(text: str) -> str:
    return re.sub(r"\b\d+\.\d+ ?s\b", "$SECONDS", re.sub(r"\b(torch|Python) \d[\w.+]*", r"\1 $VERSION", text))
