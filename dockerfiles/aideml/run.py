"""Run aideml as its users do, by its command, and hand in what its best solution predicts.

aideml keeps the best script, not what that predicted: `working/submission.csv` is the last node's. So the script is run
once more at the end, within the time that was kept for it; where that fails, the last node's file is handed in.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(os.environ["HOME"])
PYTHON = sys.executable
SUBMISSION = Path(os.environ["PODIUM_SUBMISSION"])
DEADLINE_SECONDS = float(os.environ["PODIUM_DEADLINE_SECONDS"])
SCRIPT_SECONDS = float(os.environ["PODIUM_SCRIPT_TIMEOUT_SECONDS"])
KEPT_SHARE = 0.1  # of the whole time, for the best script's last run
TIMED_OUT = 124


def model() -> str:
    """The model by a name that aideml sends to the base URL.

    Names such as gpt-5 it sends to OpenAI's own address whatever the base URL says; with the provider before them, the
    gateway knows them too.
    """
    name = os.environ["PODIUM_MODEL_NAME"]
    return name if name.startswith("claude-") else os.environ["PODIUM_MODEL"]


def temperature() -> float:
    """aideml's own, but for models that take no other than 1."""
    return 1.0 if re.match(r"(o\d|gpt-5)", os.environ["PODIUM_MODEL_NAME"]) else 0.5


def command() -> list[str]:
    """aideml's command with its published settings; only what the run decides is set."""
    data = os.environ["PODIUM_DATA"]
    settings = {
        "data_dir": data,
        "desc_file": f"{data}/description.md",
        "exp_name": "run",
        "copy_data": "false",
        "generate_report": "false",
        "exec.timeout": int(SCRIPT_SECONDS),
        "agent.steps": os.environ["PODIUM_STEPS"],
        "agent.code.model": model(),
        "agent.code.temp": temperature(),
        "agent.feedback.model": model(),
        "agent.feedback.temp": temperature(),
    }
    return [str(Path(PYTHON).with_name("aide")), *(f"{name}={value}" for name, value in settings.items())]


def run(arguments: list[str], folder: Path, seconds: float) -> int:
    """Run to the end or for so long; the exit code."""
    try:
        return subprocess.run(arguments, cwd=folder, timeout=max(1.0, seconds), check=False).returncode
    except subprocess.TimeoutExpired:
        return TIMED_OUT


def hand_in(made: Path) -> bool:
    """Put a submission where the harness takes it from, whole or not at all."""
    if not made.is_file():
        return False
    halfway = SUBMISSION.with_suffix(".tmp")
    shutil.copyfile(made, halfway)
    halfway.replace(SUBMISSION)
    return True


def main() -> int:
    """Return aideml's own exit code; what it left is handed in whatever that is."""
    ends_at = time.monotonic() + DEADLINE_SECONDS
    kept = min(SCRIPT_SECONDS, KEPT_SHARE * DEADLINE_SECONDS)
    code = run(command(), HOME, DEADLINE_SECONDS - kept)
    workspace = next(iter(sorted((HOME / "workspaces").glob("*-run"))), None)
    if workspace is None:
        return code or 1
    submission = workspace / "working" / "submission.csv"
    hand_in(submission)
    for best in sorted((HOME / "logs").glob("*-run/best_solution.py")):
        submission.unlink(missing_ok=True)
        ended = run([PYTHON, str(best)], workspace, ends_at - time.monotonic())
        handed = hand_in(submission)
        which = "its submission" if handed else "which left no submission: the last node's"
        sys.stdout.write(f"aideml ended with {code}, its best solution with {ended}; {which} is handed in\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
