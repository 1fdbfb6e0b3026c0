"""An engine is used, started or installed where that is ours to do, and nowhere else."""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness.errors import InfrastructureError, UserError
from harness.machine.engine import Engine, ask, connect, ensure_engine
from tests.harness.fake_machine import fake_machine

APT_GET = """
case "$*" in
*install*docker.io*) mv {folder}/later {folder}/bin/dockerd ;;
esac
"""


@pytest.fixture
def fake():
    with fake_machine() as machine:
        yield machine


@pytest.fixture
def said():
    return []


def test_an_engine_that_answers_is_used_as_it_is(fake, settings, said):
    fake.install_daemon()
    first = ensure_engine(settings, said.append, fake.machine)
    said.clear()

    assert ensure_engine(settings, said.append, fake.machine) == first
    assert first == Engine(f"unix://{fake.folder}/run/docker.sock", "20.10.24", "1.41")
    assert fake.called() == ["dockerd"] and said == []


def test_an_installed_engine_is_only_started(fake, settings, said):
    fake.install_daemon()
    fake.program("apt-get", "exit 1")

    ensure_engine(settings, said.append, fake.machine)

    assert fake.called() == ["dockerd"]
    assert os.getsid(fake.daemon_pid()) != os.getsid(0), "it outlives this command and its terminal"
    assert any("Starting the container engine" in line for line in said)


def test_the_daemon_gets_proxies_but_no_keys(fake, settings, said):
    fake.install_daemon()
    fake.set(environ={**fake.machine.environ, "OPENAI_API_KEY": "secret", "https_proxy": "http://proxy.example"})

    ensure_engine(settings, said.append, fake.machine)

    environ = Path(f"/proc/{fake.daemon_pid()}/environ").read_text()
    assert "https_proxy=http://proxy.example" in environ and "OPENAI_API_KEY" not in environ


def test_a_debian_machine_without_an_engine_gets_one(fake, settings, said):
    fake.install_daemon().rename(fake.folder / "later")
    fake.program("apt-get", APT_GET.format(folder=fake.folder))
    fake.program(
        "apt-cache", 'case "$2" in docker-buildx) echo "  Candidate: 1.0" ;; *) echo "  Candidate: (none)" ;; esac'
    )

    assert isinstance(ensure_engine(settings, said.append, fake.machine), Engine)

    install = next(line for line in fake.called() if " install " in line)
    assert install.endswith("docker.io docker-buildx"), "packages that this release does not have are left out"
    assert any("Installing docker.io" in line for line in said), "people are told what is installed on their machine"


def test_an_engine_named_by_docker_host_is_never_started(fake, settings, said):
    fake.install_daemon()
    fake.set(environ={**fake.machine.environ, "DOCKER_HOST": f"unix://{fake.folder}/elsewhere.sock"})

    with pytest.raises(InfrastructureError, match=r"DOCKER_HOST=unix://.*elsewhere\.sock.*\n.*unset DOCKER_HOST"):
        ensure_engine(settings, said.append, fake.machine)
    assert fake.called() == []


def test_an_ordinary_user_is_told_the_two_lines(fake, settings, said):
    fake.install_daemon()
    fake.set(uid=1000)

    with pytest.raises(UserError) as error:
        ensure_engine(settings, said.append, fake.machine)
    assert [line.strip().split()[0] for line in str(error.value).splitlines()[1:]] == ["sudo", "sudo"]
    assert fake.called() == []


def test_nothing_is_installed_on_another_kind_of_system(fake, settings, said):
    (fake.folder / "os-release").write_text("ID=fedora\n")
    fake.program("apt-get", "exit 0")

    with pytest.raises(UserError, match="no container engine answers"):
        ensure_engine(settings, said.append, fake.machine)
    assert fake.called() == []


def test_a_derivative_counts_as_debian(fake, settings, said):
    (fake.folder / "os-release").write_text('ID=linuxmint\nID_LIKE="ubuntu debian"\n')
    fake.install_daemon().rename(fake.folder / "later")
    fake.program("apt-get", APT_GET.format(folder=fake.folder))
    fake.program("apt-cache", "true")

    assert isinstance(ensure_engine(settings, said.append, fake.machine), Engine)


def test_a_pid_file_of_another_process_does_not_stop_the_start(fake, settings, said):
    fake.install_daemon()
    (fake.folder / "run/docker.pid").write_text(str(os.getpid()))

    assert isinstance(ensure_engine(settings, said.append, fake.machine), Engine)
    assert any("docker.pid" in line for line in said)


def test_a_daemon_that_is_still_starting_is_waited_for(fake, settings, said):
    pid_file = fake.folder / "run/docker.pid"
    working = fake.install_daemon().rename(fake.folder / "working")
    slow = fake.program("dockerd", f"#!/bin/sh\necho $$ >{pid_file}; sleep 0.7; rm {pid_file}; exec {working}")
    process = subprocess.Popen([slow])
    try:
        while not (pid_file.exists() and pid_file.read_text()):
            time.sleep(0.01)
        assert isinstance(ensure_engine(settings, said.append, fake.machine), Engine)
        assert fake.called() == ["dockerd"], "no second one was started beside it"
    finally:
        process.kill()
        process.wait()


def test_a_daemon_that_dies_is_reported_with_its_own_words(fake, settings, said):
    fake.program("dockerd", "echo 'failed to start daemon: Devices cgroup is not mounted'; exit 1")

    with pytest.raises(InfrastructureError, match=r"Devices cgroup is not mounted[\s\S]*logs/dockerd\.log"):
        ensure_engine(settings, said.append, fake.machine)


def test_a_daemon_that_never_answers_is_given_up(fake, settings, said):
    fake.program("dockerd", "echo waiting for containerd; exec sleep 5")
    fake.set(start_seconds=0.5)

    with pytest.raises(InfrastructureError, match=r"did not answer[\s\S]*waiting for containerd"):
        ensure_engine(settings, said.append, fake.machine)


def test_systemd_starts_its_own_service(fake, settings, said):
    daemon = fake.install_daemon()
    (fake.folder / "systemd").mkdir()
    fake.program("systemctl", f"{daemon} >/dev/null 2>&1 &")

    assert isinstance(ensure_engine(settings, said.append, fake.machine), Engine)
    assert fake.called()[0] == "systemctl start docker"


def test_two_at_once_start_one_engine(fake, settings, said):
    fake.install_daemon()
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(ensure_engine(settings, said.append, fake.machine)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 3 and fake.called() == ["dockerd"]


def test_the_reason_for_no_answer_is_short(fake):
    assert ask(fake.machine) == "no such file or directory"


def test_connecting_to_nothing_is_infrastructure(tmp_path):
    with pytest.raises(InfrastructureError, match="does not answer"):
        connect({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
