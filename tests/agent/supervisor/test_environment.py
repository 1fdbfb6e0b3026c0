"""What a script finds in its environment: nothing that is inherited, and what the harness gives to scripts."""

import json
import os
import socket
from pathlib import Path

from agent.supervisor import environment, forkserver


def test_what_the_harness_gives_is_laid_out_for_each_script_and_nothing_else_is_inherited(tmp_path):
    said = json.dumps({"PIP_PREFIX": "{folder}/packages", "HF_HUB_OFFLINE": "1"})
    given = environment.given({environment.GIVEN: said, "SECRET": "x"})
    found = environment.candidate_environment(tmp_path, 1, given=given)
    assert found["PIP_PREFIX"] == f"{tmp_path}/packages" and found["HF_HUB_OFFLINE"] == "1"
    assert "SECRET" not in found and environment.GIVEN not in found
    assert environment.given({}) == () and "PIP_PREFIX" not in environment.candidate_environment(tmp_path, 1)


def test_folders_of_own_packages_are_there_before_the_script_looks_into_them(tmp_path):
    folder = f"{tmp_path}/packages/lib"
    assert environment.own_packages({"PYTHONPATH": folder}) == [folder] and Path(folder).is_dir()
    assert environment.own_packages({}) == []


def test_the_fork_server_gives_its_scripts_what_the_supervisor_was_told(monkeypatch):
    seen = []

    class Server:
        def __init__(self, control, ground):
            seen.append(ground)
            self._control = control

        def serve(self, modules):
            self._control.detach()

    monkeypatch.setattr(forkserver, "ForkServer", Server)
    here, there = socket.socketpair()
    with here, there:
        forkserver.main(os.dup(here.fileno()), "/home", 2, [["HF_HUB_OFFLINE", "1"]])
    assert seen[0].given == (("HF_HUB_OFFLINE", "1"),) and seen[0].slots == 2
