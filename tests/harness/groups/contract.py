"""What every executor must do: a test class that each implementation's tests inherit."""

import time

import pytest

from harness.errors import Interrupted, UserError
from harness.groups.executor import Alive, HandedIn, Needs, Raised, Task

SECONDS = 60


def task(token, folder, *words):
    """A task whose first argument says what `work` makes of it."""
    return Task(
        group="group",
        run_id=f"run-{token}",
        attempt=1,
        token=token,
        arguments=words,
        plan_sha256="0" * 64,
        needs=Needs(cpus=0.1, memory_bytes=1 << 20, disk_bytes=1 << 20),
        folder=folder,
    )


def work(task, flag):
    """Stands in for a run; a function of a module, so that it can be sent elsewhere."""
    task.folder.mkdir(parents=True, exist_ok=True)
    (task.folder / "began").touch()
    match task.arguments[0]:
        case "write":
            (task.folder / "journal.jsonl").write_text(task.arguments[1])
        case "refuse":
            raise UserError("not with me")
        case "bug":
            raise ZeroDivisionError("ours")
        case "until-stopped":
            while not flag.in_order():
                time.sleep(0.01)
            if flag.at_once():
                raise Interrupted("stopped")
        case "until-ended":
            while not flag.at_once():
                time.sleep(0.01)
            raise Interrupted("stopped")
    (task.folder / "run.json").write_text(task.model_dump_json())
    return task.folder


def wait_for(condition):
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, f"not within {SECONDS} s"
        time.sleep(0.02)


class ExecutorContract:
    """Inherit it and give the fixture `make`: it makes an executor of `work`."""

    @pytest.fixture
    def make(self):
        raise NotImplementedError

    @pytest.fixture
    def executor(self, make):
        made = make(work)
        yield made
        made.close()

    def ending(self, executor):
        """The next event that ends a task."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            event = executor.next_event(1.0)
            if event is not None and not isinstance(event, Alive):
                return event
        raise AssertionError(f"no task ended within {SECONDS} s")

    def test_a_task_is_carried_out_and_its_folder_handed_in(self, executor, tmp_path):
        executor.submit(task(7, tmp_path / "run", "write", "a journal\n"))
        event = self.ending(executor)
        assert isinstance(event, HandedIn) and event.token == 7
        assert (event.folder / "journal.jsonl").read_text() == "a journal\n"
        assert (event.folder / "run.json").is_file()

    def test_several_tasks_end_once_each_and_do_not_mix(self, executor, tmp_path):
        for token in range(1, 5):
            executor.submit(task(token, tmp_path / str(token), "write", f"of {token}"))
        events = [self.ending(executor) for _ in range(4)]
        assert {event.token: (event.folder / "journal.jsonl").read_text() for event in events} == {
            token: f"of {token}" for token in range(1, 5)
        }
        assert executor.next_event(0.1) is None

    @pytest.mark.parametrize(("word", "kind"), [("refuse", UserError), ("bug", ZeroDivisionError)])
    def test_what_a_task_raises_is_told_with_its_class_and_words(self, executor, tmp_path, word, kind):
        executor.submit(task(1, tmp_path / "run", word))
        event = self.ending(executor)
        assert isinstance(event, Raised) and event.token == 1
        assert isinstance(event.error, kind)
        assert str(event.error) in ("not with me", "ours")

    def test_only_the_task_that_is_cancelled_ends_in_order(self, executor, tmp_path):
        for token in (1, 2):
            executor.submit(task(token, tmp_path / str(token), "until-stopped"))
        executor.cancel(2, at_once=False)
        event = self.ending(executor)
        assert isinstance(event, HandedIn) and event.token == 2
        assert executor.next_event(0.2) is None or isinstance(executor.next_event(0.0), Alive | None)
        executor.cancel(1, at_once=False)
        assert self.ending(executor).token == 1

    def test_a_task_that_is_cancelled_at_once_ends_as_interrupted(self, executor, tmp_path):
        executor.submit(task(1, tmp_path / "run", "until-ended"))
        executor.cancel(1, at_once=False)
        executor.cancel(1, at_once=True)
        event = self.ending(executor)
        assert isinstance(event, Raised) and isinstance(event.error, Interrupted)

    def test_to_cancel_a_task_that_has_ended_is_no_error(self, executor, tmp_path):
        executor.submit(task(1, tmp_path / "run", "write", ""))
        self.ending(executor)
        executor.cancel(1, at_once=True)

    def test_to_close_ends_what_runs_and_may_be_done_twice(self, make, tmp_path):
        executor = make(work)
        executor.submit(task(1, tmp_path / "run", "until-ended"))
        executor.close()
        executor.close()

    def test_waiting_for_an_event_ends_when_there_is_none(self, executor):
        assert executor.next_event(0.05) is None
