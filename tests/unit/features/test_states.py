"""Hovers with a map that is stale, missing, one of several, or not allowed."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from aotlens.explain.brief import folded
from aotlens.explain.render.markdown import markdown as in_markdown
from aotlens.features.definition import definition, with_columns
from aotlens.features.highlight import highlight
from aotlens.features.hover.hover import hover
from aotlens.features.references import references
from aotlens.model.contexts import context_of, contexts_of
from aotlens.model.snapshot import Snapshot, TargetKey, TargetState
from aotlens.model.trust import Trust
from aotlens.syntax.at_position import subject_at
from aotlens.syntax.subjects import AttributeSubject, ClassRef
from aotlens.text.documents import Document
from aotlens.text.edits import Edit
from aotlens_tracer.wire.descriptor_map import Failure, Span
from aotlens_tracer.wire.problems import Raised
from aotlens_tracer.wire.protocol import ExampleSource
from unit.features.world import DECODER, MODEL, PARTS, document, find, state_of, world


def markdown(snapshot: Snapshot, source: Document, marked: str) -> str | None:
    found = hover(snapshot, source, *find(source, marked))
    return in_markdown(found.blocks) if found is not None else None


def owner_at(source: Document, marked: str) -> ClassRef:
    subject = subject_at(source, *find(source, marked))
    assert subject is not None and subject.owner is not None
    return subject.owner


def only(state: TargetState, *documents: Document, trusted: bool = True) -> Snapshot:
    return Snapshot(
        MappingProxyType({item.path: item for item in documents}),
        MappingProxyType({state.key: state}),
        {},
        Trust(trusted),
    )


def test_a_stale_map_says_so_and_answers_where_things_are_now() -> None:
    before = document(DECODER)
    after = before.changed(2, [Edit(8, 1, 8, 1, "# one\n# more 😀\n"), Edit(19, 9, 19, 9, "    ")])
    state = replace(state_of("decoder"), stale=True)
    text = markdown(only(state, after), after, "self.g$0ate = ")
    assert text is not None and text.endswith("*Stale: the code has changed since this was traced.*")
    links = definition(only(state, after), after, *find(after, "q, k, v = self.q$0kv"))
    assert [link.target.line for link in links] == [14]
    spans = references(only(state, after), after, *find(after, "self.q$0kv = nn"))
    assert [after.line(span.line)[span.column - 1 : span.end_column - 1] for span in spans] == [
        "nn.Linear(width, 3 * width, bias=False)",
        "self.qkv(x)",
    ]


def test_a_failed_retrace_is_said_with_its_reason() -> None:
    source = document(DECODER)
    failure = Failure("forward", "error", Raised("RuntimeError", "shapes [2, 3]\nMore."))
    state = replace(state_of("decoder"), stale=True, failure=failure, status="failed")
    text = markdown(only(state, source), source, "self.g$0ate = ")
    assert text is not None and text.endswith(r"*Stale: the last trace failed: RuntimeError: shapes \[2, 3\]*")


def test_what_was_written_after_the_trace() -> None:
    after = document(DECODER).changed(2, [Edit(30, 1, 30, 1, "        self.fresh = nn.Linear(1, 1)\n")])
    state = replace(state_of("decoder"), stale=True)
    assert markdown(only(state, after), after, "self.fre$0sh") == "*Newer than the last trace of `Decoder`.*"


def test_states_without_a_map_say_why_in_one_line() -> None:
    source = document(DECODER)
    key = TargetKey(str(DECODER), "Decoder")
    example = (ExampleSource("Decoder()", "pinned"),)
    failure = Failure("example", "error", Raised("TypeError", "missing argument"))
    states = {
        "*`Decoder` is not traced yet.*": TargetState(key, examples=example),
        "*`Decoder`: waiting to be traced*": TargetState(key, "waiting", examples=example),
        "*`Decoder`: tracing: importing the file …*": TargetState(key, "tracing", stage="import", examples=example),
        "*`Decoder` could not be traced: TypeError: missing argument*": TargetState(key, "failed", failure=failure),
    }
    for expected, state in states.items():
        assert markdown(only(state, source), source, "self.emb$0ed(ids)") == expected
        assert markdown(only(state, source), source, "class Dec$0oder") == expected
        assert markdown(only(state, source), source, "def forward(self, i$0ds") == expected
        # Nobody asked for these to be traced.
        assert markdown(only(state, source), source, "self.q$0kv = nn") is None
    untrusted = only(TargetState(key), source, trusted=False)
    assert (
        markdown(untrusted, source, "self.emb$0ed(ids)") == "*`Decoder` is not traced: this workspace is not trusted.*"
    )


def test_the_chosen_context_answers_then_the_class_itself_then_its_own_file() -> None:
    snapshot = world()
    source = snapshot.documents[str(DECODER)]
    owner = owner_at(source, "self.q$0kv = nn")
    decoder = state_of("decoder")
    assert decoder.map is not None
    modules = [
        replace(module, name="" if module.name == "blocks.0.attn" else module.name.removeprefix("blocks.0.attn."))
        for module in decoder.map.modules
        if module.name.startswith("blocks.0.attn")
    ]
    own_map = replace(decoder.map, target=replace(decoder.map.target, qualname="Attention"), modules=tuple(modules))
    own = TargetState(TargetKey(str(DECODER), "Attention"), "traced", own_map, decoder.versions)
    other = replace(decoder, key=TargetKey(str(MODEL), "Another"))
    states = {state.key: state for state in (other, decoder, own)}
    snapshot = replace(snapshot, states=MappingProxyType(states))
    assert [context.state.key.qualname for context in contexts_of(snapshot, source, owner)] == [
        "Attention",
        "Decoder",
        "Another",
    ]
    class_key = TargetKey(str(DECODER), "Attention")
    snapshot = replace(snapshot, contexts=MappingProxyType({class_key: other.key}))
    chosen = context_of(snapshot, source, owner)
    assert chosen is not None and chosen.state is other
    assert folded(chosen.prefixes) == "blocks.{0..5}.attn" and not chosen.is_own
    assert len(contexts_of(snapshot, source, owner)) == 3
    text = markdown(snapshot, source, "class At$0tention")
    assert text is not None
    other = "in `blocks.{0..5}.attn` of `Decoder` (saves 243.0 KiB for backward)"
    assert text.endswith(f"Also alone (saves 915.3 KiB for backward), {other}")


def test_two_classes_of_one_name_in_one_file() -> None:
    text = DECODER.read_text(encoding="utf-8")
    source = document(
        DECODER, text + "\n\nclass Attention(nn.Module):\n    def forward(self, x):\n        return self.qkv\n"
    )
    snapshot = only(state_of("decoder"), source)
    first, second = (ClassRef("Attention", 8, 19), ClassRef("Attention", 58, 60))
    assert [subject_at(source, line, 7).owner for line in (8, 58)] == [first, second]
    assert context_of(snapshot, source, first) is not None
    assert context_of(snapshot, source, second) is None
    assert markdown(snapshot, source, "return self.qk$0v") is None


def test_a_class_is_known_where_its_file_was_not_open_when_it_was_traced() -> None:
    source = document(PARTS)
    state = replace(state_of("zoo"), versions=MappingProxyType({}))
    assert "`experts.{0..2}.up`" in (markdown(only(state, source), source, "torch.relu(self.$0up") or "")


def test_spans_without_columns_get_those_of_their_line() -> None:
    snapshot = world()
    whole = with_columns(snapshot, Span(str(DECODER), 50))
    assert whole == Span(str(DECODER), 50, 9, 50, 24)
    closed = Span("/somewhere/else.py", 2)
    assert with_columns(snapshot, closed) == closed
    assert with_columns(snapshot, closed, lambda path: "a\r\n  b + c  \r\n") == Span(closed.path, 2, 3, 2, 8)
    assert with_columns(snapshot, closed, lambda path: "short") == closed


def test_in_broken_code_the_last_map_still_answers() -> None:
    before = document(DECODER)
    after = before.changed(
        2, [Edit(18, 1, 18, 200, "        y = F.scaled(q, (k,"), Edit(43, 1, 43, 200, "        self.x = [")]
    )
    state = replace(state_of("decoder"), stale=True)
    snapshot = only(state, after)
    for marked, name in {
        "q, k, v = self.q$0kv": "attn.qkv",
        "return self.pr$0oj": "attn.proj",
        "self.emb$0ed(ids)": "embed",
    }.items():
        assert name in (markdown(snapshot, after, marked) or "")
    subject = subject_at(after, *find(after, "x + self.at$0tn"))
    assert isinstance(subject, AttributeSubject) and subject.class_qualname == "Block"
    assert highlight(snapshot, after, *find(after, "q, k, v = self.q$0kv"))
