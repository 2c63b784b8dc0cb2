"""What these tests look at is the packed form, so small models are not unpacked here."""

from __future__ import annotations

import pytest

from proxy_inference_engine.models import loader


@pytest.fixture(autouse=True)
def keep_small_models_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "UNPACK_LIMIT_BYTES", 0)
