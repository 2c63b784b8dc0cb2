"""`python -m proxy_inference_engine` is `pie`."""

from __future__ import annotations

from proxy_inference_engine.cli import main

if __name__ == "__main__":
    main()
