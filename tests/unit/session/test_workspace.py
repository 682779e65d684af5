"""What a workspace trusts, and the folder that a file belongs to, by what is open and what was named."""

from __future__ import annotations

from pathlib import Path

from aotlens.session.workspace import Workspace


def workspace(trusted: bool | tuple[str, ...], *opened: str, also: tuple[str, ...] = ()) -> Workspace:
    made = Workspace()
    made.trusted, made.also_trusted, made.folders = trusted, also, tuple(map(Path, opened))
    return made


def test_what_an_open_and_trusted_folder_is_part_of_counts() -> None:
    for trusted in (True, ("/u/app", "/more")):
        known = workspace(trusted, "/u/app", also=("/other",))
        assert known.trust.outermost("/u/app/x.py") is None
        assert known.trust.outermost("/other/x.py") == "/other"
        assert known.folder_of("/u/app/sub/x.py") == Path("/u/app")
    assert known.trust.outermost("/more/x.py") == "/more"


def test_a_trusted_folder_in_an_open_one_that_is_not_trusted_stands_alone() -> None:
    for opened in (("/u",), ("/u", "/u/mine")):
        known = workspace(("/u/mine",), *opened)
        assert known.trust.distrusted == ("/u",)
        assert known.trust.outermost("/u/mine/sub/x.py") == "/u/mine"
        inside = "/u/mine/sub" if len(opened) == 1 else "/u/mine"
        assert known.folder_of("/u/mine/sub/x.py") == Path(inside)
        assert known.folder_of("/u/sub/x.py") == Path("/u"), "its text is looked at as ever"


def test_the_folders_that_links_lead_to_count_as_the_links() -> None:
    known = workspace(("/u/link",), "/u")
    known.real_paths = {"/u/link": "/real"}
    assert known.trust.outermost("/real/x.py") == "/real"
    assert known.trust.outermost("/u/link/x.py") == "/u/link"


def test_without_trust_no_folder_is_trusted() -> None:
    trust = workspace(False, "/u").trust
    assert not trust.is_given and trust.distrusted == ("/u",)
