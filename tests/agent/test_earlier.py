"""What an interrupted attempt left is read back as it was reported."""

from __future__ import annotations

import json
from pathlib import Path

from agent import earlier
from agent.contract import EARLIER_NODES_NAME, NodeEvent
from tests.contract.test_contract import agent_event, lines


def test_nodes_come_back_with_all_that_is_inside_them(tmp_path: Path) -> None:
    raw = [json.loads(line) for line in lines("events.jsonl")]
    nodes = [event for event in map(agent_event, raw) if isinstance(event, NodeEvent)]
    kept = [json.dumps(one) for one in raw if one["type"] == "node"]
    (tmp_path / EARLIER_NODES_NAME).write_text("\n".join(kept), encoding="utf-8")
    assert earlier.read(tmp_path) == nodes and any(node.leakage for node in nodes)


def test_nodes_of_an_older_journal_lack_what_came_later(tmp_path: Path) -> None:
    raw = next(one for line in lines("events.jsonl") if (one := json.loads(line))["type"] == "node")
    older = {name: value for name, value in raw.items() if name not in ("asks", "trial", "leakage")}
    (tmp_path / EARLIER_NODES_NAME).write_text(json.dumps(older), encoding="utf-8")
    (node,) = earlier.read(tmp_path)
    assert (node.asks, node.trial, node.leakage) == ((), None, None)
