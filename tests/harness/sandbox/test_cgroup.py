"""What a box uses is read from both versions' files. The texts are what kernels printed; times and sizes are theirs."""

import os

import pytest

from harness.sandbox.cgroup import ControlGroup, ResourceUse, control_group

ID = "386427d46008f59fc132c8b34cda4d171de77a1b3908658e8a5dc4fc114ae51f"
V1_LINES = f"""9:name=systemd:/docker/{ID}
8:pids:/docker/{ID}
4:memory:/docker/{ID}
2:cpuacct:/docker/{ID}
1:cpu:/docker/{ID}
0::/docker/{ID}
"""
V1_TOGETHER = (
    f"12:memory:/docker/{ID}\n5:cpu,cpuacct:/docker/{ID}\n3:pids:/docker/{ID}\n0::/system.slice/docker.service\n"
)
V2_LINES = f"0::/system.slice/docker-{ID}.scope\n"
V1 = {
    "memory/memory.usage_in_bytes": "210538496\n",
    "memory/memory.max_usage_in_bytes": "211062784\n",
    "memory/memory.stat": "cache 209731584\nrss 266240\ninactive_file 1\ntotal_inactive_file 209715200\n",
    "memory/cgroup.procs": "71\n72\n",
    "cpuacct/cpuacct.usage": "12500000000\n",
    "cpu/cpu.stat": "nr_periods 11\nnr_throttled 4\nthrottled_time 1500000000\nnr_bursts 0\nburst_time 0\n",
    "pids/pids.current": "7\n",
}
V2 = {
    "memory.current": "210538496\n",
    "memory.peak": "211062784\n",
    "memory.stat": "anon 266240\nfile 209731584\ninactive_file 209715200\n",
    "cpu.stat": "usage_usec 12500000\nuser_usec 1\nsystem_usec 1\nnr_periods 11\nthrottled_usec 1500000\n",
    "io.stat": "7:2 rbytes=999 wbytes=999 rios=1 wios=1 dbytes=0 dios=0\n254:0 rbytes=4096 wbytes=8192 rios=1 wios=2\n"
    "254:16 rbytes=4 wbytes=8 rios=1 wios=2\n",
    "pids.current": "7\n",
    "memory.events": "low 0\nhigh 0\nmax 118\noom 2\noom_kill 2\noom_group_kill 0\n",
}
IO = "rchar: 323934931\nwchar: 323929600\nsyscr: 632687\nsyscw: 632675\nread_bytes: {}\nwrite_bytes: {}\ncancelled: 0\n"
USED = ResourceUse(
    cpu_seconds=12.5,
    throttled_seconds=1.5,
    memory_bytes=210538496 - 209715200,
    kernel_peak_memory_bytes=211062784,
    read_bytes=4100,
    written_bytes=8200,
    processes=7,
)


@pytest.fixture
def host(tmp_path):
    """A host's /sys/fs/cgroup and /proc, as folders: call it with the group's files and the process's groups."""

    def make(files, lines, place):
        for name, text in files.items():
            controller, _, file = name.rpartition("/")
            path = tmp_path / "cgroup" / controller / place.lstrip("/") / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for pid, io in ((70, None), (71, (4096, 8192)), (72, (4, 8))):
            (tmp_path / "proc" / str(pid)).mkdir(parents=True, exist_ok=True)
            (tmp_path / "proc" / str(pid) / "cgroup").write_text(lines)
            if io:
                (tmp_path / "proc" / str(pid) / "io").write_text(IO.format(*io))
        return tmp_path

    return make


def found(host, pid=70, container=ID):
    return control_group(pid, container, root=host / "cgroup", processes=host / "proc")


def test_version_1_is_read_controller_by_controller(host):
    group = found(here := host(V1, V1_LINES, f"/docker/{ID}"))
    assert group.version == 1 and group.oom_file.name == "memory.oom_control"
    assert group.read(here / "proc") == USED


def test_version_1_with_two_controllers_in_one_folder_is_read_by_their_links(host):
    here = host(V1, V1_TOGETHER, f"/docker/{ID}")
    assert found(here).read(here / "proc") == USED


def test_version_2_is_read_from_one_folder_and_loop_devices_are_not_counted_twice(host):
    group = found(here := host(V2, V2_LINES, f"/system.slice/docker-{ID}.scope"))
    assert group.version == 2 and group.oom_file.read_text() == V2["memory.events"]
    assert group.read(here / "proc") == USED


def test_what_a_kernel_does_not_count_is_unknown_and_no_zero(host):
    little = {name: V2[name] for name in ("memory.current", "cpu.stat")} | {"cpu.stat": "usage_usec 12500000\n"}
    use = found(host(little, V2_LINES, f"/system.slice/docker-{ID}.scope")).read()
    assert use == ResourceUse(cpu_seconds=12.5, memory_bytes=210538496)


def test_io_of_processes_that_may_not_be_read_is_unknown(host):
    here = host(V1, V1_LINES, f"/docker/{ID}")
    (here / "proc/71/io").unlink()
    (here / "proc/72/io").unlink()
    use = found(here).read(here / "proc")
    assert (use.read_bytes, use.written_bytes) == (None, None) and use.cpu_seconds == 12.5


def test_a_box_full_of_processes_costs_the_host_no_more(host, monkeypatch):
    here = host(V1 | {"memory/cgroup.procs": "\n".join(map(str, range(1000, 2000)))}, V1_LINES, f"/docker/{ID}")
    assert found(here).read(here / "proc").read_bytes is None


def test_a_number_that_is_another_process_here_is_not_taken_for_the_box(host):
    here = host(V2, V2_LINES, f"/system.slice/docker-{ID}.scope")
    assert found(here, container="f" * 64) is None
    assert found(here, pid=4242) is None
    assert control_group(0, ID) is None
    assert control_group(os.getpid(), ID) is None


def test_a_group_that_is_gone_tells_nothing(host):
    assert ControlGroup(2, {"": host(V2, V2_LINES, "/a") / "nowhere"}).read() is None
    assert ControlGroup(1, {"memory": host(V1, V1_LINES, "/b") / "nowhere"}).read() is None
