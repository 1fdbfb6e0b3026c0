"""The child process in which the official Kaggle client runs; `download.py` starts it and reads its report.

It reads one order (JSON) from standard input: download an archive, or read a leaderboard or a competition's pages. It
writes one report (JSON) into the file that the order names. The client's progress bar goes to standard error. It
decides nothing and prints nothing itself.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

SECONDS_PER_READ = 60
TEAMS_A_PAGE, MOST_PAGES = 200, 1000


class NoSpace(Exception):
    """The archive is larger than it may be."""

    def __init__(self, needed: int, free: int) -> None:
        super().__init__(f"{needed} bytes needed, {free} free")
        self.report = {"kind": "no_space", "needed": needed, "free": free}


def main() -> None:
    """Carry out the order on standard input."""
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # Ctrl-C reaches this process too; what it means is the parent's to say
    order = json.loads(sys.stdin.read())
    Path(order["report"]).write_text(json.dumps(_carry_out(order)), encoding="utf-8")


def _carry_out(order: dict[str, Any]) -> dict[str, Any]:
    from requests.exceptions import HTTPError, RequestException

    try:
        client = _client(order)
        client.authenticate()
        if order["want"] == "leaderboard":
            return {"kind": "done", "teams": _teams(client, order["slug"])}
        if order["want"] == "pages":
            return {"kind": "done", "pages": _pages(client, order["slug"])}
        client.competition_download_files(order["slug"], path=order["folder"], quiet=not order["bar"])
    except NoSpace as error:
        return error.report
    except HTTPError as error:
        return _refused(error)
    except SystemExit:  # how the client says that it found no usable credentials
        return {"kind": "unauthenticated", "message": "no usable token, key or login"}
    except (RequestException, OSError, ValueError) as error:
        return {"kind": "broken", "message": f"{type(error).__name__}: {error}"}
    return {"kind": "done"}


def _teams(client: Any, slug: str) -> list[tuple[int, str]]:
    """Every team's id and score, page by page: the private leaderboard where there is one, else the public.

    The client's own download of a leaderboard is of the public one, always (github.com/Kaggle/kaggle-cli/issues/731).
    """
    from kagglesdk.competitions.types.competition_api_service import ApiGetLeaderboardRequest

    teams: list[tuple[int, str]] = []
    token = None
    with client.build_kaggle_client() as kaggle:
        for _ in range(MOST_PAGES):
            request = ApiGetLeaderboardRequest()
            request.competition_name, request.page_size, request.page_token = slug, TEAMS_A_PAGE, token
            read = kaggle.competitions.competition_api_client.get_leaderboard
            patient = client.with_retry(read) if teams else read  # half a leaderboard is worth a wait
            page = patient(request)
            teams += [(team.team_id, team.score or "") for team in page.submissions or () if team is not None]
            token = page.next_page_token
            if not token:
                return teams
    raise ValueError(f"the leaderboard has no end: {len(teams)} teams after {MOST_PAGES} pages")


def _pages(client: Any, slug: str) -> list[dict[str, str]]:
    """The published pages of a competition, as they are written: HTML mostly."""
    pages = client.competition_list_pages(slug) or ()
    return [{"name": page.name, "content": page.content, "mime_type": page.mime_type or ""} for page in pages]


def _refused(error: Any) -> dict[str, Any]:
    answer = error.response
    if answer is None:
        return {"kind": "broken", "message": str(error)}
    return {
        "kind": "http",
        "status": answer.status_code,
        "message": str(error),
        "retry_after": answer.headers.get("Retry-After"),
    }


def _client(order: dict[str, Any]) -> Any:
    """Return the official client, with our limits on size and retries, and another address if the order has one."""
    from kagglesdk import kaggle_env

    if order["endpoint"]:  # before the client is imported, since that authenticates already
        kaggle_env._env_to_endpoint[kaggle_env.KaggleEnv.PROD] = order["endpoint"]
    from kaggle.api.kaggle_api_extended import KaggleApi

    class Client(KaggleApi):  # type: ignore[misc]
        def download_file(self, response: Any, outfile: str, *args: Any, **options: Any) -> None:
            needed = int(response.headers.get("Content-Length") or 0)
            if needed > order["largest_bytes"]:
                raise NoSpace(needed, order["largest_bytes"])
            options |= {"max_retries": order["retries"], "timeout": SECONDS_PER_READ}
            super().download_file(response, outfile, *args, **options)

    return Client()


if __name__ == "__main__":
    main()
