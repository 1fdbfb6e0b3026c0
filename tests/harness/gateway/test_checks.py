"""Submissions are checked for their format, kept within a cap, and learn nothing of the checker's faults."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.contract import CheckReply
from harness.errors import InvalidSubmission
from harness.gateway.checks import CheckCaps
from harness.gateway.providers.offline_wire import OfflineProvider

CSV = b"id,target\n1,0\n"


def check(client, node="n0001", content=CSV):
    return client.post(f"/podium/check?node={node}", content=content)


def test_the_checker_sees_the_bytes_and_the_file_is_kept(bench, echo):
    seen = []

    def checker(path):
        seen.append(path.read_bytes())
        return CheckReply(valid=True)

    gateway = bench.gateway(OfflineProvider(echo), checker=checker)

    assert check(bench.http(gateway)).json() == {"valid": True, "reason": None}
    assert seen == [CSV] and (gateway.folder / "nodes/n0001/submission.csv").read_bytes() == CSV
    assert [file.name for file in (gateway.folder / "nodes/n0001").iterdir()] == ["submission.csv"]


@pytest.mark.parametrize("raises", [True, False])
def test_the_reason_of_an_invalid_submission_is_told(bench, echo, raises):
    def checker(path):
        if raises:
            raise InvalidSubmission("column 'target' is missing")
        return CheckReply(valid=False, reason="column 'target' is missing")

    client = bench.http(bench.gateway(OfflineProvider(echo), checker=checker))

    assert check(client).json() == {"valid": False, "reason": "column 'target' is missing"}


def test_a_fault_of_the_checker_is_500_without_its_text(bench, echo, caplog):
    def checker(path):
        raise KeyError("secret label 42")

    gateway = bench.gateway(OfflineProvider(echo), checker=checker)
    answer = check(bench.http(gateway))

    assert answer.status_code == 500 and "secret" not in answer.text and "secret label 42" in caplog.text
    assert gateway.failure is None
    assert list((gateway.folder / "nodes/n0001").iterdir()) == []


@pytest.mark.parametrize("node", ["", "..", "../../etc", "N0001", "n" * 33, "a%2Fb", "a%00"])
def test_node_ids_that_are_no_folder_names_are_refused(bench, echo, node):
    gateway = bench.gateway(OfflineProvider(echo))

    assert check(bench.http(gateway), node).status_code == 400
    assert not (gateway.folder / "nodes").exists()


def test_too_large_a_submission_is_not_read_to_its_end(bench, echo):
    gateway = bench.gateway(OfflineProvider(echo), check_caps=CheckCaps(submission_bytes=1000))

    assert check(bench.http(gateway), content=b"x" * 5000).status_code == 413
    assert list((gateway.folder / "nodes/n0001").iterdir()) == []


def test_beyond_the_runs_share_files_are_checked_but_not_kept(bench, echo):
    gateway = bench.gateway(OfflineProvider(echo), check_caps=CheckCaps(kept_bytes=150))
    client = bench.http(gateway)

    replies = [check(client, node, b"x" * 100).json()["valid"] for node in ("n0001", "n0002", "n0001")]

    assert replies == [True] * 3
    assert (gateway.folder / "nodes/n0001/submission.csv").exists()
    assert not (gateway.folder / "nodes/n0002/submission.csv").exists()


def test_a_run_makes_a_bounded_number_of_folders(bench, echo):
    gateway = bench.gateway(OfflineProvider(echo), check_caps=CheckCaps(nodes=2))
    client = bench.http(gateway)

    statuses = [check(client, node).status_code for node in ("n0001", "n0002", "n0003", "n0001")]

    assert statuses == [200, 200, 413, 200] and len(list((gateway.folder / "nodes").iterdir())) == 2


def test_checks_of_one_node_at_once_do_not_mix(bench, echo):
    together = threading.Barrier(2, timeout=10)

    def checker(path):
        content = path.read_bytes()
        together.wait()
        return CheckReply(valid=content == path.read_bytes() and len(set(content)) == 1)

    gateway = bench.gateway(OfflineProvider(echo), checker=checker)
    clients = [bench.http(gateway) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda n: check(clients[n], content=bytes([97 + n]) * 500_000).json(), range(2)))

    assert [reply["valid"] for reply in replies] == [True, True]
    assert len(set((gateway.folder / "nodes/n0001/submission.csv").read_bytes())) == 1


def test_an_upload_that_breaks_off_leaves_nothing(bench, echo, eventually):
    gateway = bench.gateway(OfflineProvider(echo))
    arrived = gateway.folder / "nodes"

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(gateway.socket))
        connection.sendall(
            b"POST /podium/check?node=n0001 HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n" + b"x" * 1000
        )
        assert eventually(lambda: any(arrived.rglob("*.tmp")))

    assert eventually(lambda: not any(path.is_file() for path in arrived.rglob("*")))
