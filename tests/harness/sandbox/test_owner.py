"""An owner that is gone can be told from one that lives, also when its pid was given to somebody else."""

import subprocess
import sys

from harness.sandbox import owner

PRINT_ME = "from harness.sandbox.owner import me; print(me(), flush=True); input()"


def test_this_process_lives():
    assert owner.is_alive(owner.me())


def test_a_process_lives_until_it_ends():
    with subprocess.Popen(
        [sys.executable, "-c", PRINT_ME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        name = process.stdout.readline().strip()
        assert owner.is_alive(name)
        process.communicate("\n", timeout=10)
    assert not owner.is_alive(name)


def test_the_same_pid_started_later_is_somebody_else():
    host, boot, pid, _ = owner.me().split("/")
    assert not owner.is_alive(f"{host}/{boot}/{pid}/1")


def test_an_owner_before_the_last_boot_is_gone():
    host, _, pid, start = owner.me().split("/")
    assert not owner.is_alive(f"{host}/another-boot/{pid}/{start}")


def test_an_owner_on_another_host_or_a_name_of_no_known_form_is_left_alone():
    assert owner.is_alive("another-host/boot/1/1")
    assert owner.is_alive("written by somebody else")
