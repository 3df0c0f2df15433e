"""A role as a supervisor starts it: ``python -m heliograph.wiring.supervised_role ROLE``."""

import sys


def main(role: str) -> int:
    """Run a role until told to stop; the exit code."""
    # structlog loads rich wherever it is installed, for tracebacks in colours: 4 MB in each process. It is
    # there for the command line; to whoever asks here it is not.
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
    from heliograph.settings import load_settings
    from heliograph.wiring.role_process import run_role_process

    return run_role_process(role, load_settings())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
