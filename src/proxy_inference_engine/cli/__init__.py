"""The `pie` command. Importing this costs nothing; `main` loads what the command line needs."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line in `sys.argv` and exit with its status."""
    from proxy_inference_engine.cli.interrupt import leave_at_interrupt

    leave_at_interrupt()
    from proxy_inference_engine.cli.app import app

    app(prog_name="pie")
