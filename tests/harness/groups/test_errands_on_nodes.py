"""Two runs looked after at a time, on real keepers with real boxes: only the cluster between is this test's."""

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness.gateway.pace import RateLimits
from harness.gateway.pace_store import PaceFile
from harness.gateway.pacing import PACE_FOLDER
from harness.gateway.providers.fake import Fail, FakeProvider
from harness.groups.budget import spent_in
from harness.groups.coordinator import task_of
from harness.groups.errand import Shared
from harness.groups.executor import Place
from harness.groups.granted import NAME as GRANTED_NAME
from harness.groups.rates import Rates
from harness.nodes import samecode
from harness.nodes.job import Shipping, job
from harness.nodes.keeper import Keeper
from harness.results.layout import RunFolder
from harness.results.record import RunStatus
from harness.runs.first_record import first_record
from harness.runs.stopping import StopFlag
from tests.e2e.conftest import KEY, says_code, says_review
from tests.harness.groups.fake_cluster import FakeCluster, Remote

pytestmark = pytest.mark.engine
CODE = """
import shutil, time
time.sleep(4)
shutil.copy("input/sample_submission.csv", "working/submission.csv")
print("validation score: 0.5")
"""


class Wired:
    """A real keeper, as a cluster shows it."""

    def __init__(self, name):
        self._name, self._keeper = name, Keeper()

    def __getattr__(self, name):
        return Remote((lambda: [self._name]) if name == "where" else getattr(self._keeper, name))


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A provider that refuses its first call, and answers all others."""
    prices, first, lock = tmp_path / "prices.yaml", [True], threading.Lock()
    prices.write_text("fake: {input: 1.0, output: 2.0}\n")

    def answer(received):
        with lock:
            if first.pop() if first else False:
                return Fail(429, headers={"retry-after": "2"})
        return says_review(metric=0.5) if received.body.get("tools") else says_code(CODE)

    with FakeProvider(otherwise=answer) as made:
        known = {"PODIUM_BASE_URL": made.base_url, "PODIUM_API_KEY": KEY, "PODIUM_PRICES": str(prices)}
        for name, value in known.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def run_both(plan, image, tmp_path, settings, monkeypatch):
    """Have two runs carried out at a time, by nodes whose homes are given; their folders."""

    def run(homes, rates):
        chosen = replace(plan(steps=1), image=image, group=f"nodes-{secrets.token_hex(4)}", budget_usd=1.0)
        chosen = replace(chosen, model="compatible/fake", limits=replace(chosen.limits, cpus=1.0))
        plans = {one.run_id: one for one in (replace(chosen, seed=seed) for seed in range(2))}
        keepers = []
        monkeypatch.setenv("PODIUM_LENDING", str(tmp_path / "lending"))
        for number, home in enumerate(homes):
            monkeypatch.setenv("PODIUM_HOME", str(home))
            keepers.append(Wired(f"{home.name}-{number if len(set(homes)) > 1 else 0}"))
        code = samecode.sha256(settings.root)
        shared = Shared(
            FakeCluster(*keepers),
            plans,
            lambda plan: job(plan, code, Shipping()),
            print,
            lambda plan, stored: None,
            rates,
        )
        tasks = []
        for token, one in enumerate(plans.values(), 1):
            folder = RunFolder(tmp_path / "results" / one.run_id)
            folder.write(first_record(one, RunStatus.RUNNING, attempt=1))
            tasks.append(task_of(one, Place(), folder, attempt=1, token=token))
        with ThreadPoolExecutor(2) as pool:
            handed_in = list(pool.map(lambda task: RunFolder(shared.carry_out(task, StopFlag())), tasks))
        assert [one.read().status for one in handed_in] == [RunStatus.COMPLETED] * 2, handed_in[0].read().reason
        return [RunFolder(task.folder) for task in tasks], handed_in

    return run


def test_too_many_requests_on_one_node_slow_the_other_and_shares_come_and_go(run_both, server, tmp_path):
    homes, rates = (tmp_path / "home-a", tmp_path / "home-b"), Rates(RateLimits(requests_per_minute=600))
    folders, handed_in = run_both(homes, rates)
    states = [PaceFile(path).look() for home in homes for path in (home / PACE_FOLDER).glob("*.json")]
    assert len(states) == 2 and all(state.slowed_at is not None for state in states)
    shares = [{one.requests_per_minute for one in state.stated.values()} for state in states]
    assert {300.0} in shares and set().union(*shares) <= {300.0, 600.0}, "half while both run, then all"
    assert rates.share("home-a-0") == RateLimits(0.0)
    for folder, came_to in zip(folders, handed_in, strict=True):
        assert not (folder.path / GRANTED_NAME).exists(), "its bill is known"
        assert 0 < spent_in(came_to).usd < 0.1


def test_runs_side_by_side_on_a_node_have_other_cpus(run_both, server, tmp_path):
    home = tmp_path / "home"
    _, handed_in = run_both((home, home), Rates())
    first, second = (one.read() for one in handed_in)
    assert len(first.reservation.cpus) == len(second.reservation.cpus) == 1
    assert first.reservation.cpus != second.reservation.cpus
    assert first.request.candidate.cpus == first.reservation.cpus
