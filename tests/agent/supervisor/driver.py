"""Stands in the agent's place inside the box: runs scripts, and its own Python, as a test on the host asks.

One JSON line in, one out: {"slot", "code", "limits"} runs a candidate and answers with its execution and files;
{"agent": CODE} runs CODE here, with the agent's rights, and answers with what it left in `answer`.
"""

import base64
import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from agent.contract import CandidateLimits
from agent.interpreter import slots

NODES = Path("/home/agent/nodes")


def candidate(interpreters, request, number):
    node_dir = NODES / str(number)
    limits = CandidateLimits(**{**request["limits"], "cpus": tuple(request["limits"]["cpus"])})
    inputs = {}
    for name, content in request["inputs"].items():
        inputs[name] = NODES / f"{number}-{name}"
        NODES.mkdir(parents=True, exist_ok=True)
        inputs[name].write_bytes(base64.b64decode(content))
    execution = interpreters[request["slot"]].run(request["code"], node_dir, limits, inputs, sampled=request["sampled"])
    files = {path.name: base64.b64encode(path.read_bytes()).decode() for path in node_dir.iterdir()}
    return {"execution": asdict(execution) | {"submission": bool(execution.submission)}, "files": files}


def main():
    interpreters = slots(os.environ)
    names = {"interpreters": interpreters}
    lock = threading.Lock()

    def answer(number, request):
        try:
            if "agent" in request:
                exec(request["agent"], names)
                reply = {"answer": names.get("answer")}
            else:
                reply = candidate(interpreters, request, number)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        with lock:
            sys.stdout.write(json.dumps({"id": request["id"], **reply}) + "\n")
            sys.stdout.flush()

    for number, line in enumerate(sys.stdin):
        threading.Thread(target=answer, args=(number, json.loads(line))).start()


if __name__ == "__main__":
    main()
