"""What tests share: the checkout's settings with a home of their own, and the engine with the agent's image.

Tests marked `engine` need a Docker engine; they fail, rather than skip, where there is none: `make test` makes it
ready first, and `pytest -m "not engine"` leaves them out by choice.
"""

import os
from pathlib import Path

import hypothesis
import pytest

from harness import config
from harness.machine.engine import connect
from harness.machine.images import ensure_image

# Nothing is judged by the clock: a busy machine must not fail a property.
hypothesis.settings.register_profile("podium", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("podium")


@pytest.fixture(scope="session")
def real_settings():
    """Settings of this machine, for what is expensive to make twice: the image."""
    return config.load(os.environ)


@pytest.fixture
def settings(tmp_path):
    """Settings with a home and results of this test alone."""
    environ = {
        **{key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "DOCKER_HOST")},
        "PODIUM_HOME": str(tmp_path / "home"),
        "PODIUM_RESULTS": str(tmp_path / "results"),
        "PODIUM_LENDING": str(tmp_path / "lending"),  # what others do on this machine is no matter of a test's
    }
    return config.load(environ)


@pytest.fixture(scope="session")
def engine(real_settings):
    """A client of the engine."""
    client = connect(real_settings.environ)
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(real_settings, engine):
    """The agent's CPU image, built if its inputs changed."""
    return ensure_image("cpu", real_settings, print)


@pytest.fixture(scope="session")
def test_data():
    """The folder with real competition data, or a skip with the reason: it may not be redistributed."""
    folder = os.environ.get("PODIUM_TEST_DATA")
    if not folder:
        pytest.skip("PODIUM_TEST_DATA is not set: real competition data may not be redistributed with the project")
    return Path(folder)
