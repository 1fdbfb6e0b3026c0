"""What a node is sent, and what is never sent."""

import pickle
from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness.errors import InfrastructureError, UserError
from harness.machine.images import ImageRef
from harness.nodes import image, job, samecode
from harness.nodes.image import WantedImage
from harness.nodes.job import Shipping
from harness.setup.recipe import INPUTS_LABEL, agent


def test_a_job_holds_no_answer_and_no_key_unless_that_is_asked_for(plan):
    sent = pickle.dumps(job.job(plan(), "sha", Shipping()))
    private = list(plan().prepared.private.iterdir())
    assert private and all(path.read_bytes() not in sent for path in private)


def test_keys_are_not_shown_where_a_job_is(plan):
    made = job.job(plan(), "sha", Shipping(keys={"OPENAI_API_KEY": "sk-secret"}))
    assert "sk-secret" not in repr(made) and made.shipping.keys["OPENAI_API_KEY"] == "sk-secret"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"other": SimpleNamespace(spec=SimpleNamespace(answers=True))}, "shown the answers"),
    ],
)
def test_a_run_that_is_bound_to_this_machine_is_refused(plan, changes, words):
    with pytest.raises(UserError, match=words):
        job.refuse(replace(plan(), **changes))


def test_the_competitions_folder_travels_without_raw_data(plan, settings, tmp_path, monkeypatch):
    made = job.job(plan(), "sha", Shipping())
    assert {"competition.yaml", "description.md"} <= set(made.spec_files)
    monkeypatch.setattr(job.image, "have", lambda wanted, other, settings, say: wanted.ref)
    here = job.on_this_node(pickle.loads(pickle.dumps(made)), settings, tmp_path / "scratch", print)
    assert here.competition.folder.is_relative_to(tmp_path / "scratch")
    assert here.sha256() == plan().sha256()


def test_a_plan_is_the_same_whatever_the_cpus_of_the_machine_that_asks(plan, monkeypatch):
    from harness.runs import plan as plans

    before = plan().sha256()
    monkeypatch.setattr(plans.os, "sched_getaffinity", lambda pid: {1, 5})
    assert plan().sha256() == before


def test_an_edit_of_the_sources_is_other_code_and_prompts_are_not(tmp_path):
    for name in ("harness", "agent/prompts/aide", "dockerfiles"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "harness" / "run.py").write_text("a = 1\n")
    first = samecode.sha256(tmp_path)
    (tmp_path / "agent" / "prompts" / "aide" / "draft.md").write_text("Hello")
    (tmp_path / "harness" / "__pycache__").mkdir()
    (tmp_path / "harness" / "__pycache__" / "run.pyc").write_text("")
    assert samecode.sha256(tmp_path) == first
    (tmp_path / "harness" / "run.py").write_text("a = 2\n")
    assert samecode.sha256(tmp_path) != first


@pytest.fixture
def engine(monkeypatch):
    """Let the node's engine know these images."""

    def knows(**known):
        monkeypatch.setattr(image, "connect", lambda environ: None)
        monkeypatch.setattr(image, "inspect", lambda client, name: known.get(name, {}))

    return knows


def test_an_image_is_taken_by_digest(engine, settings):
    ref = ImageRef("cpu", "podium/agent-cpu:abc", "sha256:1", {})
    engine(**{"sha256:1": {"Id": "sha256:1"}})
    assert image.have(WantedImage(ref), None, settings, print) is ref


def test_an_image_that_was_built_there_is_taken_by_its_inputs(engine, settings):
    ref = ImageRef("cpu", "podium/agent-cpu:abc", "sha256:1", {})
    engine(**{ref.tag: {"Id": "sha256:2", "Config": {"Labels": {INPUTS_LABEL: "abc"}}}})
    assert image.have(WantedImage(ref), None, settings, print).digest == "sha256:2"


def test_an_image_of_other_inputs_under_the_same_name_is_not_taken(engine, settings, monkeypatch):
    ref = ImageRef("cpu", agent("cpu", settings.root).tag, "sha256:1", {})
    engine(**{ref.tag: {"Id": "sha256:2", "Config": {"Labels": {INPUTS_LABEL: "other"}}}})
    built = replace(ref, digest="sha256:3")
    monkeypatch.setattr(image, "ensure_image", lambda kind, settings, say: built)
    assert image.have(WantedImage(ref), None, settings, print) is built


def test_a_checkout_that_makes_another_image_is_refused_before_it_builds(engine, settings, monkeypatch):
    engine()
    monkeypatch.setattr(image, "ensure_image", None)
    with pytest.raises(InfrastructureError, match="Bring both to the same commit"):
        image.have(WantedImage(ImageRef("cpu", "podium/agent-cpu:abc", "sha256:1", {})), None, settings, print)
