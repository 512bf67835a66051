"""Runs the sample events in AWS's own container image: ``python -m tests.local_invoke [FUNCTION ...]``.

``make local-invoke`` runs all of them.

It builds the application for this machine's processor, starts a local service for the tables, queues and topics that
the functions call, and checks each answer as `tests.samples` has it. It needs a running Docker, and the network the
first time, for the image. It finds what differs between this machine and Lambda's image; it delivers no event.

The service listens on loopback only, and a container's loopback is its own. So the ports that functions call are
forwarded from Docker's bridge, and containers know that address by a name that the service takes for its own: what
they ask arrives with ``Host: localhost.localhost:<port of the service>``.
"""

import json
import platform
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from landfast.testing import LandfastError, Options, Service
from tests.local_invoke import docker, endpoints, sam
from tests.local_invoke.errors import CannotRunError
from tests.local_invoke.forwarder import forwarding
from tests.samples import FUNCTIONS, ROOT

_INTERRUPTED = 130


def main() -> int:
    """Run those that are named, or all; 0 if every function has answered as documented."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = sys.argv[1:] or functions()
    try:
        with ready() as command:
            results = [told(sam.invoke(function, command)) for function in chosen]
    except (CannotRunError, LandfastError) as error:
        sys.stderr.write(f"local-invoke: {' '.join(str(error).split())}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("local-invoke: interrupted; its containers and its service are gone\n")
        return _INTERRUPTED
    wrong = sum(not right for right in results)
    sys.stdout.write(f"{len(results) - wrong} ok, {wrong} wrong of {len(results)}\n")
    return 1 if wrong else 0


def functions() -> list[str]:
    """Every function, and every sample event that is named like one, so that none is left out unseen."""
    return sorted({*FUNCTIONS, *(path.stem for path in (ROOT / "events").glob("*.json"))})


def told(invocation: sam.Invocation) -> bool:
    """Tell how an invocation went, with its log if it went wrong; whether it was right."""
    if invocation.wrong:
        sys.stdout.write(f"WRONG {invocation.function}: {invocation.wrong}\n")
        sys.stdout.writelines(f"      | {line}\n" for line in invocation.log.splitlines())
    else:
        sys.stdout.write(f"ok    {invocation.function}: {json.dumps(invocation.answer)}\n")
    sys.stdout.flush()
    return not invocation.wrong


@contextmanager
def ready() -> Iterator[list[str]]:
    """Have what invocations need, image, build, service and the way to it; yields the command that invokes."""
    docker.check()
    architecture = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    overrides = ["--parameter-overrides", f"Architecture={architecture}"]
    template = sam.build(overrides)
    docker.obtain(sam.image(template, architecture))
    earlier = docker.functions_containers()
    with tempfile.TemporaryDirectory(prefix="landfast-") as folder:
        state = Path(folder) / "state"
        options = Options(template=ROOT / "template.yaml", state=state, layers=ROOT / ".landfast" / "layers")
        with Service.start(options) as service:
            given = {service.functions.labels[name]: each.environment for name, each in service.functions.specs.items()}
            address = docker.gateway()
            with forwarding(address, endpoints.ports(given)) as forwarded:
                invoked, variables = sam.BUILD / "local.yaml", Path(folder) / "variables.json"
                invoked.write_text(yaml.safe_dump(endpoints.declared(template, given), sort_keys=False))
                variables.write_text(json.dumps(endpoints.reachable(given)))
                command = ["sam", "local", "invoke", "--template", str(invoked), "--env-vars", str(variables)]
                command += ["--skip-pull-image", "--region", options.region, *overrides]
                try:
                    yield [*command, "--add-host", f"{endpoints.HOST}:{address if forwarded else 'host-gateway'}"]
                finally:
                    docker.remove(docker.functions_containers() - earlier)


if __name__ == "__main__":
    sys.exit(main())
