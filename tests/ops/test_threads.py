"""BLAS keeps to the cores that others leave free, and the caller's setting comes back."""

from __future__ import annotations

import numpy as np
import pytest

from proxy_inference_engine.ops import threads


@pytest.fixture
def clock(monkeypatch):
    """A machine of 8 cores on which `now` says what was used."""
    now = [threads._Usage(at=0.0, everybody=0.0, own=0.0)]
    monkeypatch.setattr(threads._Usage, "now", lambda: now[0])
    monkeypatch.setattr(threads.time, "monotonic", lambda: now[0].at)
    monkeypatch.setattr(threads.os, "cpu_count", lambda: 8)
    monkeypatch.setattr(threads.os, "getloadavg", lambda: (2.0, 0.0, 0.0))
    return now


def test_free_cores_follow_what_others_use(clock):
    cores = threads.FreeCores(most=8)
    assert cores.count() == 6  # by the load of the last minute
    clock[0] = threads._Usage(at=1.0, everybody=7.0, own=4.0)
    assert cores.count() == 5  # others used 3 cores for a second
    clock[0] = threads._Usage(at=1.2, everybody=20.0, own=4.0)
    assert cores.count() == 5  # too soon to look again
    clock[0] = threads._Usage(at=2.0, everybody=27.0, own=4.0)
    assert cores.count() == 1
    clock[0] = threads._Usage(at=3.0, everybody=35.0, own=12.0)
    assert cores.count() == 8


def test_never_more_than_allowed(clock):
    assert threads.FreeCores(most=3).count() == 3


def test_setting_comes_back(monkeypatch):
    setting = [4]
    blas = threads._Blas(lambda: setting[0], lambda count: setting.__setitem__(0, count))

    class OneCore:
        def count(self):
            return 1

    monkeypatch.setattr(threads, "_controls", lambda: (blas, OneCore()))
    seen = []

    def fail():
        with threads.blas_threads():
            seen.extend(setting)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (seen, setting) == ([1], [4])


def test_loaded_library_is_found_or_left_alone():
    np.ones((2, 2)) @ np.ones((2, 2))
    blas = threads._find_blas()
    assert blas is None or blas.get_num_threads() >= 1
    with threads.blas_threads():
        assert (np.ones((2, 2)) @ np.ones((2, 2)))[0, 0] == 2
