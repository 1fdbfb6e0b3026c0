"""The engine's own words decide whose fault a failure is. The quoted lines are what a real engine answered."""

import docker.errors
import pytest
import requests

from harness.errors import InfrastructureError, UserError
from harness.sandbox.failure import classify, engine_errors

NO_GPU = 'could not select device driver "" with capabilities: [[gpu]]'
NO_RUNTIME = "Unknown runtime specified nvidia"
RLIMIT = (
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
    "error during container init: error setting rlimits for ready process: error setting rlimit type 7: operation "
    "not permitted: unknown"
)


@pytest.mark.parametrize("words", [NO_GPU, NO_RUNTIME])
def test_a_gpu_that_the_host_cannot_give_is_the_users_to_mend(words):
    error = classify(docker.errors.APIError("500", explanation=words))
    assert isinstance(error, UserError) and "podium doctor" in str(error)


@pytest.mark.parametrize(
    "error",
    [
        docker.errors.APIError("500", explanation=RLIMIT),
        docker.errors.ImageNotFound("404", explanation="No such image: podium/agent-cpu"),
        docker.errors.DockerException("Error while fetching server API version: Connection refused"),
        requests.exceptions.ConnectionError("Connection aborted."),
        docker.errors.APIError("500", explanation="write /var/lib/docker/x: no space left on device"),
    ],
)
def test_trouble_of_the_engine_is_infrastructure(error):
    assert isinstance(classify(error), InfrastructureError)


def test_an_unknown_exception_is_our_bug_and_rises():
    with pytest.raises(ZeroDivisionError):
        classify(ZeroDivisionError())
    with pytest.raises(KeyError), engine_errors():
        {}["missing"]
