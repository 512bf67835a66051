"""What a worker sees of the world."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from landfast.runtime import InvalidFunctionError
from tests.runtime.conftest import Lab, answer, confined, failure, invoke
from tests.runtime.settings import Settings

ENVIRONMENT = "import os\ndef handler(event, context): return dict(os.environ)"


@confined
def test_a_worker_has_lambdas_variables_and_the_templates_and_no_others(
    lab: Lab, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the developer's own")
    monkeypatch.setenv("SOME_TOKEN", "the developer's own")
    spec = lab.function(
        ENVIRONMENT, environment={"TABLE": "orders", "AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}, memory_mb=512
    )
    seen = answer(invoke(lab.runtime(spec, client=client)))
    assert set(seen) - {"LC_CTYPE"} == {  # Python itself adds that one where the locale isn't installed
        "AWS_ACCESS_KEY_ID",
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_REGION",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_ENDPOINT_URL",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_FORMAT",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_XRAY_CONTEXT_MISSING",
        "HOME",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "PATH",
        "PYTHONPATH",
        "TABLE",
        "TZ",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
    assert seen["TABLE"] == "orders"
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"
    assert not [name for name, value in seen.items() if "developer" in value]
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "orders"
    assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert seen["_HANDLER"] == "app.handler"
    assert seen["LAMBDA_TASK_ROOT"] == str(spec.code)


def test_the_developers_profile_and_configuration_do_not_reach_boto3(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text("[default]\nregion = sa-east-1\nendpoint_url = http://leaked\n")
    (home / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = LEAKED\naws_secret_access_key = LEAKED\n"
    )
    monkeypatch.setenv("HOME", str(home))
    spec = lab.function(
        """
        import boto3
        def handler(event, context):
            client = boto3.client("sqs")
            credentials = boto3.Session().get_credentials()
            profiles = boto3.Session().available_profiles
            return [client.meta.region_name, client.meta.endpoint_url, credentials.access_key, profiles]
        """,
        timeout=20,
        memory_mb=512,
    )
    region, endpoint, access_key, profiles = answer(invoke(lab.runtime(spec)))
    assert (region, access_key, profiles) == ("eu-west-1", "test", [])
    assert endpoint == "https://sqs.eu-west-1.amazonaws.com"


def test_packages_of_the_service_are_out_of_a_handlers_sight(lab: Lab, client: str) -> None:
    spec = lab.function(
        """
        from importlib.util import find_spec
        def handler(event, context):
            return {name: find_spec(name) is not None for name in event}
        """
    )
    seen = answer(invoke(lab.runtime(spec, client=client), ["boto3", "json", "moto", "msgspec", "rich", "landfast"]))
    assert seen == {"boto3": True, "json": True, "moto": False, "msgspec": False, "rich": False, "landfast": False}


def _layer(root: Path, name: str, folder: str, **modules: str) -> Path:
    place = root / name / folder
    place.mkdir(parents=True)
    for module, value in modules.items():
        (place / f"{module}.py").write_text(f"WHO = {value!r}\n")
    return root / name


def test_code_comes_before_layers_a_later_layer_before_an_earlier_one_and_both_before_the_runtime(
    lab: Lab, tmp_path: Path
) -> None:
    first = _layer(tmp_path, "first", "python", both="first", six="first", mine="first", one="first")
    second = _layer(tmp_path, "second", "python/lib/python3.13/site-packages", both="second")
    spec = lab.function(
        "import both, six, mine, one\ndef handler(event, context): return [m.WHO for m in (both, six, mine, one)]",
        layers=(first, second),
    )
    (spec.code / "mine.py").write_text("WHO = 'code'\n")
    assert answer(invoke(lab.runtime(spec))) == ["second", "first", "code", "first"]


@pytest.mark.usefixtures("by_files")
def test_without_a_sandbox_a_worker_has_a_temporary_folder_of_its_own_that_goes_with_it(lab: Lab, client: str) -> None:
    spec = lab.function(
        """
        import os, tempfile
        def handler(event, context):
            with tempfile.NamedTemporaryFile(delete=False) as file:
                return [os.getcwd(), file.name]
        """
    )
    runtime = lab.runtime(spec, client=client)
    folder, file = answer(invoke(runtime))
    assert folder == str(spec.code)
    assert Path(file).exists()
    runtime.close()
    assert not Path(file).exists()


def test_a_variable_that_no_process_can_hold_is_named(lab: Lab) -> None:
    runtime = lab.runtime(lab.function(ENVIRONMENT, environment={"TABLE": "a\0b"}))
    with pytest.raises(InvalidFunctionError, match="orders: environment variable 'TABLE'"):
        invoke(runtime)


def test_workers_need_no_thread_of_the_service(lab: Lab) -> None:
    runtime = lab.runtime(lab.function("def handler(event, context): return 1"))
    before = threading.active_count()
    answer(invoke(runtime))
    assert threading.active_count() == before


def test_s_138_a_worker_may_open_1024_files(lab: Lab, client: str) -> None:
    spec = lab.function(
        """
        import os, resource
        def handler(event, context):
            limits = resource.getrlimit(resource.RLIMIT_NOFILE)
            files = []
            try:
                while True: files.append(os.open("/dev/null", os.O_RDONLY))
            except OSError as error:
                for each in files: os.close(each)
                return [*limits, len(files) > 900, error.errno]
        """
    )
    assert answer(invoke(lab.runtime(spec, client=client))) == [1024, 1024, True, 24]


@pytest.mark.usefixtures("by_files")
def test_without_a_sandbox_a_file_may_not_be_larger_than_the_ephemeral_storage(lab: Lab) -> None:
    spec = lab.function(
        """
        import os, tempfile
        def handler(event, context):
            with tempfile.NamedTemporaryFile() as file:
                os.truncate(file.name, event * 1024 * 1024)
                return os.path.getsize(file.name)
        """,
        ephemeral_storage_mb=600,
    )
    runtime = lab.runtime(spec)
    assert answer(invoke(runtime, 600)) == 600 * 1024 * 1024
    assert failure(invoke(runtime, 601)).error["errorMessage"].startswith("[Errno 27]")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(timeout=0), "orders: its Timeout is 0; give 1 to 1,800 s"),
        (Settings(timeout=1801), "orders: its Timeout is 1801; give 1 to 1,800 s"),
        (Settings(timeout=float("nan")), "orders: its Timeout is nan; give 1 to 1,800 s"),
        (Settings(memory_mb=127), "orders: its MemorySize is 127; give 128 to 10,240 MB"),
        (Settings(memory_mb=10_241), "orders: its MemorySize is 10,241; give 128 to 10,240 MB"),
        (Settings(ephemeral_storage_mb=511), "orders: its EphemeralStorage is 511; give 512 to 10,240 MB"),
    ],
)
def test_what_lambda_would_not_configure_is_refused(lab: Lab, settings: Settings, message: str) -> None:
    with pytest.raises(InvalidFunctionError, match=f"^{message}$"):
        lab.runtime(lab.function("", **settings))


def test_a_function_may_run_for_half_an_hour(lab: Lab) -> None:
    spec = lab.function("def handler(event, context): return context.get_remaining_time_in_millis()", timeout=1800)
    assert answer(invoke(lab.runtime(spec))) > 1_790_000
