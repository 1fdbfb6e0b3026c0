"""A prompt set is any folder of templates; what it holds is named by one hash on both sides."""

import pytest

from agent.promptset import PromptSet as AgentsSet
from harness.errors import UserError
from harness.runs.promptset import find


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


def test_settings_are_part_of_the_set_and_of_its_hash(shipped, tmp_path):
    copied = find("aide", shipped).lay_out(tmp_path / "copy")
    assert find(str(copied), shipped).settings == {}
    (copied / "set.toml").write_text('edits = "blocks"\n')
    changed = find(str(copied), shipped)
    assert changed.settings == {"edits": "blocks"} and changed.sha256 != find("aide", shipped).sha256
    assert (changed.lay_out(tmp_path / "again") / "set.toml").read_text() == 'edits = "blocks"\n'


def test_a_folder_without_templates_is_no_set_whatever_else_it_holds(shipped, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "set.toml").write_text("")
    with pytest.raises(UserError, match=r"holds no \*\.md"):
        find(str(tmp_path / "mine"), shipped)
