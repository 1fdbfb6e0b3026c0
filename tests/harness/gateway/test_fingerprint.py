"""Requests that differ only in what no seed can hold have one fingerprint; all others have their own."""

import pytest

from harness.gateway.fingerprint import fingerprint, steady_text

BODY = {"model": "m", "messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("took 0.123 s", "took 17.5 s"),
        ("took 12s", "took 7s"),
        ("in 3 minutes", "in 45 minutes"),
        ("120 ms each", "98.5 ms each"),
        ("1.2e-3s", "4s"),
        ("[00:01<00:03, 5.12it/s]", "[00:02<00:05, 3.1it/s]"),
        ("at 2024-01-02 03:04:05.678", "at 2026-11-20T10:11:12Z"),
        ("<Model at 0x7f1234567890>", "<Model at 0x55d0cafe1234>"),
        ('File "/tmp/tmpab12/solution.py"', 'File "/tmp/tmpzz99/solution.py"'),
        ("a <!-- volatile -->\n3 steps\n<!-- /volatile --> b", "a <!-- volatile -->\n99<!-- /volatile --> b"),
    ],
)
def test_what_varies_between_like_runs_is_made_steady(one, other):
    assert steady_text(one) == steady_text(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("validation score: 0.81234", "validation score: 0.81235"),
        ("5-fold", "10-fold"),
        ("14 columns", "15 columns"),
        ("n0001", "n0002"),
        ("seed 42", "seed 43"),
        ("v1.2 s", "v1.3 s"),
        ("/home/data/a.csv", "/home/data/b.csv"),
        ("<!-- volatile -->x<!-- /volatile --> a", "<!-- volatile -->x<!-- /volatile --> b"),
    ],
)
def test_what_matters_stays(one, other):
    assert steady_text(one) != steady_text(other)


def test_two_volatile_parts_leave_what_is_between_them():
    text = "<!-- volatile -->1<!-- /volatile --> kept <!-- volatile -->2<!-- /volatile -->"

    assert steady_text(text) == "<volatile> kept <volatile>"


def test_order_of_fields_does_not_matter_but_order_of_messages_does():
    reordered = dict(reversed(BODY.items()))
    two = {**BODY, "messages": [{"content": "a"}, {"content": "b"}]}

    assert fingerprint("/v1/x", BODY) == fingerprint("/v1/x", reordered)
    assert fingerprint("/v1/x", two) != fingerprint("/v1/x", {**two, "messages": two["messages"][::-1]})


def test_endpoint_model_and_seed_are_part_of_it():
    prints = {
        fingerprint("/v1/x", BODY),
        fingerprint("/v1/y", BODY),
        fingerprint("/v1/x", {**BODY, "model": "n"}),
        fingerprint("/v1/x", {**BODY, "seed": 1}),
    }

    assert len(prints) == 4
