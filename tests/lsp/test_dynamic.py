"""Sizes that may change, in the editor: an option in a comment, the names in hovers, and a mark that cannot hold."""

from __future__ import annotations

from pathlib import Path

from lsp.editor import editing
from lsp.projects import HEADER, write

NET = """

# aotlens: Net()(torch.randn(6, 3, 8)); x: dynamic(0, name="batch", min=2, max=64);
#   x: dynamic(1)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        B, T, C = x.shape
        if B > 4:
            x = x + 1
        return self.fc(x).view(B * T, C)
"""


def test_an_option_in_a_comment_names_sizes_and_a_mark_that_cannot_hold_is_an_error(tmp_path: Path) -> None:
    with editing(write(tmp_path / "model.py", HEADER, NET)) as editor:
        (diagnostic,) = editor.until_diagnosed("dimension-specialized")
        editor.until_traced()
        hover = editor.hover("def forward(self, x|)")
        returned = editor.hover("ret|urn self.fc(x)")
        lines = editor.text.splitlines()
    assert "`f32[batch, T, 8]`" in hover and "`batch` is `x.size(0)`, 6 here, 5 to 64" in hover
    assert "`T` is `x.size(1)`, 3 here, at least 2" in hover
    assert "`f32[T*batch, 8]`" in returned
    assert diagnostic["severity"] == 1
    assert "this takes 5 to 64 only, by x.size(0) > 4" in diagnostic["message"].replace("`", "")
    assert lines[diagnostic["range"]["start"]["line"]].strip() == "if B > 4:"
    (related,) = diagnostic["relatedInformation"]
    start = related["location"]["range"]["start"]
    assert related["message"] == "it is marked dynamic here"
    assert lines[start["line"]][start["character"] :].startswith('x: dynamic(0, name="batch"')
