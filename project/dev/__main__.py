"""`make run`: checks that this run may begin, then hands over to the supervisor."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys

from django.core.exceptions import ImproperlyConfigured

from project.dev.embedded import UnsafeFolder
from project.dev.plan import HOST, Plan, plan_from_environment
from project.dev.run_files import AlreadyRunning, RunFiles
from project.dev.supervisor import Supervisor


class PortRefused(Exception):
    """The site cannot be served on that port."""

    def __init__(self, *, port: int, reason: OSError) -> None:
        self.port = port
        taken = "is used by another program"
        found = taken if reason.errno == errno.EADDRINUSE else f"cannot be used ({reason.strerror})"
        super().__init__(f"Port {port} {found}. Choose another: PORT={_other(port)} make run")


def main() -> int:
    """Run until told to stop; return the exit status."""
    try:
        plan = plan_from_environment()
        files = RunFiles(plan.data_dir, plan.url)
    except (ImproperlyConfigured, AlreadyRunning, OSError) as refusal:
        return _refuse(refusal)
    try:
        files.clear_leftovers()
        _check_port(plan)
        return asyncio.run(Supervisor(plan, files).run())
    except (PortRefused, UnsafeFolder) as refusal:
        return _refuse(refusal)
    except KeyboardInterrupt:
        return 0
    finally:
        files.close()


def _check_port(plan: Plan) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, plan.port))
        except OSError as error:
            raise PortRefused(port=plan.port, reason=error) from error


def _other(port: int) -> int:
    return port + 1 if 1024 <= port < 65_535 else 8001


def _refuse(refusal: Exception) -> int:
    print(refusal, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
