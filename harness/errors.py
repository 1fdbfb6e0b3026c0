"""The exceptions that the harness raises on purpose, and the exit code of each.

Three kinds of failure never mix: ours (a bug raises and ends the command with 1), the user's or the infrastructure's
(the classes below), and the agent's, which is a graded outcome and therefore no exception at all.

    PodiumError
    ├── UserError            2  bad input: an unknown competition, missing credentials, a malformed file
    │   ├── DownloadError    2  Kaggle refused or broke off, with what to do about it
    │   └── InvalidSpec      2  a competition.yaml (or another file of the user's) that does not validate
    ├── InfrastructureError  3  engine gone, image missing, disk full, provider down: worth a retry
    ├── InvalidSubmission    4  a submission that breaks its competition's rules (caught by the grader)
    └── Interrupted        130  the user ended the command; what was finished is kept

A message says what was wrong, the value found, and the next command to run.
"""

from __future__ import annotations

from typing import ClassVar


class PodiumError(Exception):
    """Base of every error with a known cause; `exit_code` is what the command line returns for it."""

    exit_code: ClassVar[int] = 1


class UserError(PodiumError):
    """Bad input that the user can mend."""

    exit_code = 2


class DownloadError(UserError):
    """Competition data could not be had from Kaggle; nothing half-made is left."""


class InvalidSpec(UserError):
    """A file that comes in does not validate; the message names file, line and field."""


class InfrastructureError(PodiumError):
    """Something under us failed, not the agent and not this code; the same command may work later."""

    exit_code = 3


class InvalidSubmission(PodiumError):
    """A submission breaks a rule of its competition; the message is the reason, with column and row where known."""

    exit_code = 4


class Interrupted(PodiumError):
    """The user wants no more of this command, now; a shell knows the code as that of Ctrl-C."""

    exit_code = 130
