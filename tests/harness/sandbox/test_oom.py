"""Both cgroup versions' counters are read. The texts are what the kernel printed."""

from harness.sandbox.oom import counter_file, parse_counter

V1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"
V2 = "low 0\nhigh 0\nmax 118\noom 2\noom_kill 2\noom_group_kill 0\n"


def test_the_kill_counter_is_read_in_both_versions():
    assert parse_counter(V1) == 3
    assert parse_counter(V2) == 2


def test_no_counter_counts_as_no_kill():
    assert parse_counter("") == 0


def test_a_process_outside_the_container_has_no_counter_file():
    assert counter_file(1, "f" * 64) is None
    assert counter_file(0, "f" * 64) is None
