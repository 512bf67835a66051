"""Deletes a deployed stack and says what stays: `python -m deployment.stacks delete --env trial`; `kept` only says it.

`sam delete` alone stops at a bucket that holds an object: CloudFormation deletes empty ones only. A stack that was
deployed with `Disposable=true` loses its data anyway, so that this empties its buckets first; nothing in the stack
itself may. Every other stack keeps its tables and buckets of business data, and this lists them.
"""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "samconfig.toml"
SAM = Path(sys.executable).with_name("sam")

BUCKET = "AWS::S3::Bucket"
VERSION = "AWS::Lambda::Version"


class StacksError(Exception):
    """Something the user can mend; the message is one line."""


@dataclass(frozen=True)
class Resource:
    """A resource of a stack, by its type and its physical name."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}  {self.name}"


def stack_name(settings: Path, environment: str) -> str:
    """Return the name of an environment's stack, as samconfig.toml has it.

    Raises:
        StacksError: There is no such environment.
    """
    found: dict[str, Any] = tomllib.loads(settings.read_text())
    environments = [name for name, each in found.items() if isinstance(each, dict)]
    if environment not in environments:
        raise StacksError(
            f"there is no environment {environment} in {settings.name}; there are: {', '.join(environments)}"
        )
    return str(found[environment]["global"]["parameters"]["stack_name"])


class DeployedStack:
    """A stack as CloudFormation knows it.

    Args:
        session: whose account and region it is in.
        name: the stack's name.
    """

    def __init__(self, session: boto3.Session, name: str) -> None:
        self._cloudformation = session.client("cloudformation")
        self._s3: S3Client = session.client("s3")
        try:
            [found] = self._cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                raise StacksError(f"there is no stack {name} in {session.region_name}") from error
            raise
        self.name = name
        self.id = found["StackId"]
        given = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
        self.is_disposable = given.get("Disposable") == "true"

    def kept(self) -> list[Resource]:
        """Return what stays when the stack is deleted; versions of functions go with their functions."""
        if self.is_disposable:
            return []
        asked = self._cloudformation.get_template(StackName=self.id, TemplateStage="Processed")["TemplateBody"]
        declared: dict[str, Any] = asked["Resources"]
        return [
            resource
            for logical_id, resource in self._resources()
            if declared[logical_id].get("DeletionPolicy", "Delete") != "Delete" and resource.kind != VERSION
        ]

    def empty_buckets(self) -> Iterator[tuple[str, int]]:
        """Delete every version of every object in the stack's buckets; yield each bucket with how many there were."""
        for _, resource in self._resources():
            if resource.kind == BUCKET:
                yield resource.name, self._empty(resource.name)

    def _resources(self) -> Iterator[tuple[str, Resource]]:
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.id)
        for page in pages:
            for each in page["StackResourceSummaries"]:
                yield each["LogicalResourceId"], Resource(each["ResourceType"], each.get("PhysicalResourceId", ""))

    def _empty(self, bucket: str) -> int:
        deleted = 0
        for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if not found:
                continue
            answer = self._s3.delete_objects(
                Bucket=bucket,
                Delete={
                    "Objects": [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found],
                    "Quiet": True,
                },
            )
            if refused := answer.get("Errors"):
                raise StacksError(f"{bucket}: {refused[0].get('Key')} cannot be deleted: {refused[0].get('Message')}")
            deleted += len(found)
        for uploads in self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for upload in uploads.get("Uploads", []):
                self._s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return deleted


def told(stack: DeployedStack, kept: Sequence[Resource]) -> str:
    """Say what becomes of a stack's data when it is deleted."""
    if stack.is_disposable:
        return f"{stack.name} was deployed as disposable: everything in it goes, data included."
    return "\n".join([f"{stack.name} keeps its data. These stay, and cost what they hold:", *map(str, kept)])


def delete(
    stack: DeployedStack, *, sam: Callable[[], int], say: Callable[[str], object], ask: Callable[[str], str]
) -> None:
    """Delete a stack, by `sam`, after its name was typed.

    Raises:
        StacksError: It was not confirmed, or not deleted.
    """
    kept = stack.kept()
    say(told(stack, kept))
    if ask(f"Type {stack.name} to delete it: ") != stack.name:
        raise StacksError("nothing was deleted")
    if stack.is_disposable:
        for bucket, number in stack.empty_buckets():
            say(f"emptied {bucket} of {number} object version(s)")
    if sam() != 0:
        raise StacksError(f"{stack.name} was not deleted: see above; if a bucket was written to meanwhile, do it again")
    say("\n".join([f"deleted {stack.name}; left behind: {len(kept) or 'nothing'}", *map(str, kept)]))


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deployment.stacks", description="Delete a stack, or say what would stay."
    )
    parser.add_argument("what", choices=["delete", "kept"])
    parser.add_argument("--env", default="default", help="of samconfig.toml (default: default, which is development)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    asked = _asked(arguments)
    session = boto3.Session()
    try:
        stack = DeployedStack(session, stack_name(SETTINGS, asked.env))
        if asked.what == "kept":
            sys.stdout.write(f"{told(stack, stack.kept())}\n")
            return 0
        command = [str(SAM), "delete", "--config-env", asked.env, "--no-prompts", "--region", session.region_name]
        delete(
            stack,
            sam=lambda: subprocess.run(command, cwd=ROOT, check=False).returncode,  # noqa: S603 - sam itself
            say=lambda line: sys.stdout.write(f"{line}\n") and sys.stdout.flush(),
            ask=(lambda _: stack.name) if asked.yes else input,
        )
    except (StacksError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"stacks: {error}\n")
        return 1
    except (EOFError, KeyboardInterrupt):
        sys.stderr.write("\nstacks: nothing more was done\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
