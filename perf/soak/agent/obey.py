"""The agent of the drills: asks the model what to do next, and does that, until it is told that it is done."""

import json
import os
import pathlib
import shutil
import sys
import time
import urllib.error
import urllib.request


def ask(said: str) -> str:
    """What the model says next."""
    body = {"model": os.environ["PODIUM_MODEL_NAME"], "messages": [{"role": "user", "content": said}]}
    request = urllib.request.Request(  # noqa: S310 - the gateway's address
        os.environ["PODIUM_GATEWAY"] + "/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return str(json.load(answer)["choices"][0]["message"]["content"])


def fill() -> None:
    """Write until the disk is full."""
    with pathlib.Path("/home/agent/ballast").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 20))


def eat() -> None:
    """Take memory until something ends that."""
    taken: list[bytes] = []
    while True:
        taken.append(b"x" * (16 << 20))


def main() -> int:
    said = "begin"
    while True:
        try:
            word, _, value = ask(said).partition(" ")
        except (OSError, urllib.error.HTTPError) as error:
            sys.stderr.write(f"no model: {error}\n")
            return 3
        if word == "done":
            return 0
        if word == "exit":
            return int(value)
        try:
            if word == "submit":
                shutil.copy(os.environ["PODIUM_SAMPLE"], os.environ["PODIUM_SUBMISSION"])
            elif word == "sleep":
                time.sleep(float(value))
            elif word == "fill":
                fill()
            elif word == "eat":
                eat()
            elif word == "write":
                pathlib.Path("/home/agent/written").write_text(value)
            said = f"did {word}"
        except OSError as error:
            said = f"{word}: {error.strerror}"


sys.exit(main())
