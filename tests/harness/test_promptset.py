"""A prompt set is any folder of templates; what can't be one is refused before anything starts."""

import pytest

from agent.promptset import PromptSet as AgentsSet
from harness.errors import UserError
from harness.promptset import find


@pytest.fixture
def shipped(tmp_path):
    folder = tmp_path / "prompts" / "aide"
    folder.mkdir(parents=True)
    for name in ("system.md", "draft.md", "_part.md"):
        (folder / name).write_text(f"# {name}\n{{{{ x }}}}\n")
    return folder.parent


def test_a_shipped_set_is_found_by_its_name(shipped):
    found = find("aide", shipped)
    assert found.name == "aide" and set(found.files) == {"system.md", "draft.md", "_part.md"}


def test_the_hash_is_the_agents_own_and_follows_names_and_bytes(settings):
    folder = settings.prompts / "aide"
    assert find("aide", settings.prompts).sha256 == AgentsSet.load(folder).sha256


def test_the_same_content_has_the_same_hash_wherever_it_lies(shipped, tmp_path):
    copied = find("aide", shipped).lay_out(tmp_path / "copy")
    assert find(str(copied), shipped).sha256 == find("aide", shipped).sha256
    (copied / "draft.md").write_text("other")
    assert find(str(copied), shipped).sha256 != find("aide", shipped).sha256


def test_an_unknown_name_says_which_there_are(shipped):
    with pytest.raises(UserError, match=r"no prompt set 'adie'.*There are: aide.*--prompts ./mine"):
        find("adie", shipped)


def test_a_set_needs_the_templates_of_the_one_it_stands_in_for_but_not_its_parts(shipped, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "system.md").write_text("x")
    with pytest.raises(UserError, match=r"lacks draft\.md.*copy of"):
        find(str(mine), shipped, like="aide")
    (mine / "draft.md").write_text("x")
    assert find(str(mine), shipped, like="aide").name == "mine"


@pytest.mark.parametrize("content", [b"{% if x %}", b"{{ x", b"\xff\xfe"])
def test_what_is_no_template_is_named_with_its_file(shipped, content):
    (shipped / "aide" / "draft.md").write_bytes(content)
    with pytest.raises(UserError, match=r"draft\.md.*is no template"):
        find("aide", shipped)
