"""A template runs as far as it can: each kind of thing that cannot run costs itself alone, and is named in one line."""

import json
import stat
import zipfile
from pathlib import Path

import pytest

from landfast.template import Template, TemplateError, read, translated
from tests.template_reader.conftest import Naming, Reading

SAM = "Transform: AWS::Serverless-2016-10-31\n"
GOOD = "  Good: {Type: AWS::SQS::Queue}\n"
PYTHON = "Handler: index.handler, Runtime: python3.13"


@pytest.fixture
def keeping(template_file: Path) -> Reading:
    """Reads a template given as text, and keeps what is made of it."""

    def read_text(text: str, **parameters: str) -> Template:
        template_file.write_text(text, encoding="utf-8")
        return read(template_file, stack_name="shop", parameters=parameters, keep=template_file.parent / "kept")

    return read_text


def archive(path: Path, **files: str) -> None:
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)


# --- where the code is -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        f"Type: AWS::Serverless::Function, Properties: {{{PYTHON}}}",
        f"Type: AWS::Serverless::Function, Properties: {{{PYTHON}, CodeUri: null}}",
        f"Type: AWS::Serverless::Function, Properties: {{{PYTHON}, CodeUri: ''}}",
        f"Type: AWS::Lambda::Function, Properties: {{{PYTHON}}}",
        f"Type: AWS::Lambda::Function, Properties: {{{PYTHON}, Code: .}}",
    ],
)
def test_code_that_no_property_names_is_in_the_templates_folder(
    reading: Reading, template_file: Path, function: str
) -> None:
    template = reading(f"{SAM}Resources:\n  F: {{{function}}}\n")
    assert (template.functions["F"].code, template.not_run) == (template_file.parent, ())


def test_globals_and_layers_say_it_as_functions_do(reading: Reading, template_file: Path) -> None:
    template = reading(
        f"""{SAM}
Globals: {{Function: {{CodeUri: functions}}}}
Resources:
  F: {{Type: AWS::Serverless::Function, Properties: {{{PYTHON}}}}}
  L: {{Type: AWS::Serverless::LayerVersion}}
  M: {{Type: AWS::Lambda::LayerVersion, Properties: {{}}}}
"""
    )
    assert template.functions["F"].code == template_file.parent / "functions"
    assert {layer.content for layer in template.layers.values()} == {template_file.parent}
    assert template.not_run == ()


@pytest.mark.parametrize(
    "function",
    [
        f"Type: AWS::Serverless::Function, Properties: {{{PYTHON}, InlineCode: !Sub 'region = \"${{AWS::Region}}\"'}}",
        (
            f"Type: AWS::Lambda::Function, Properties: {{{PYTHON}, "
            "Code: {ZipFile: !Join ['', ['region = \"', !Ref AWS::Region, '\"']]}}"
        ),
    ],
)
def test_code_in_the_template_itself_is_written_where_lambda_does(keeping: Reading, function: str) -> None:
    template = keeping(f"{SAM}Resources:\n  F: {{{function}}}\n")
    assert (template.functions["F"].code / "index.py").read_text() == 'region = "us-east-1"'
    assert template.not_run == ()


def test_inline_code_needs_no_folder_where_globals_give_one(keeping: Reading) -> None:
    function = f"{{Type: AWS::Serverless::Function, Properties: {{{PYTHON}, InlineCode: 'x = 1'}}}}"
    template = keeping(f"{SAM}Globals: {{Function: {{CodeUri: functions}}}}\nResources: {{F: {function}}}\n")
    assert template.not_run == ()
    assert (template.functions["F"].code / "index.py").read_text() == "x = 1"


def test_an_archive_is_unpacked_with_what_is_executable(keeping: Reading, template_file: Path) -> None:
    executable = zipfile.ZipInfo("bin/run")
    executable.external_attr = (stat.S_IFREG | 0o755) << 16
    with zipfile.ZipFile(template_file.parent / "code.zip", "w") as made:
        made.writestr("package/app.py", "x = 1")
        made.writestr(executable, "#!/bin/sh")
    text = f"{SAM}Resources:\n  F: {{Type: AWS::Serverless::Function, Properties: {{{PYTHON}, CodeUri: code.zip}}}}\n"
    for _ in range(2):
        code = keeping(text).functions["F"].code
        assert (code / "package" / "app.py").read_text() == "x = 1"
        assert [(code / name).stat().st_mode & 0o777 for name in ("package/app.py", "bin/run")] == [0o600, 0o700]
    archive(template_file.parent / "code.zip", **{"new.py": "x = 2"})
    assert [path.name for path in keeping(text).functions["F"].code.iterdir()] == ["new.py"]


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "a/../../evil.py"])
def test_an_archive_that_leads_out_of_its_folder_costs_its_function(
    keeping: Reading, template_file: Path, name: str
) -> None:
    archive(template_file.parent / "code.zip", **{name: "x = 1"})
    text = f"Resources:\n{GOOD}  F: {{Type: AWS::Lambda::Function, Properties: {{{PYTHON}, Code: code.zip}}}}\n"
    template = keeping(text)
    assert (list(template.queues), dict(template.functions)) == (["Good"], {})
    (line,) = template.not_run
    assert line.startswith("F (AWS::Lambda::Function): not run locally: Properties.Code: code.zip cannot be unpacked")
    assert not [*template_file.parent.rglob("evil.py")]


def test_a_damaged_archive_and_a_link_in_one_cost_their_function(keeping: Reading, template_file: Path) -> None:
    archive(template_file.parent / "damaged.zip", **{"app.py": "x" * 1000})
    content = bytearray((template_file.parent / "damaged.zip").read_bytes())
    content[40:60] = bytes(20)
    (template_file.parent / "damaged.zip").write_bytes(content)
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(template_file.parent / "linked.zip", "w") as made:
        made.writestr(link, "/etc")
    template = keeping(
        f"Resources:\n"
        f"  F: {{Type: AWS::Lambda::Function, Properties: {{{PYTHON}, Code: damaged.zip}}}}\n"
        f"  G: {{Type: AWS::Lambda::Function, Properties: {{{PYTHON}, Code: linked.zip}}}}\n"
    )
    assert dict(template.functions) == {}
    assert [line.partition(" ")[0] for line in template.not_run] == ["F", "G"]


def test_a_file_alone_is_a_folder_of_it_in_which_changes_are_seen(keeping: Reading, template_file: Path) -> None:
    file = template_file.parent / "index.py"
    file.write_text("x = 1")
    text = f"Resources:\n  F: {{Type: AWS::Lambda::Function, Properties: {{{PYTHON}, Code: index.py}}}}\n"
    for _ in range(2):
        code = keeping(text).functions["F"].code
    assert [path.name for path in code.iterdir()] == ["index.py"]
    file.write_text("x = 2")
    assert (code / "index.py").read_text() == "x = 2"


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ("CodeUri: gone", "Properties.Code: there is no folder gone beside the template; make it, or correct the path"),
        ('CodeUri: "a\\0b"', "Properties.Code: 'a\\x00b' is no path: "),
        ("CodeUri: s3://b/k.zip", "Properties.Code: the code is not on this machine, but in S3 (k.zip)"),
        ("CodeUri: {Bucket: b, Key: k.zip}", "Properties.Code: the code is not on this machine, but in S3 (k.zip)"),
        ("CodeUri: !Ref Stage", "Properties.CodeUri: parameter Stage has no value; give it one: --parameter Stage="),
        ("CodeUri: !Ref Good", "Properties.CodeUri: it cannot depend on Good; use parameters only"),
        ("PackageType: Image", "Properties.PackageType: images are not run; package the function as Zip"),
        ("PackageType: Image, ImageUri: ''", "Properties.PackageType: images are not run; package the function as Zip"),
        ("Runtime: cobol", "Properties.Runtime: cobol is not Python 3, and not run"),
        ("Runtime: python2.7", "Properties.Runtime: python2.7 is not Python 3, and not run"),
    ],
)
def test_code_that_is_not_here_costs_its_function_alone(reading: Reading, properties: str, reason: str) -> None:
    image = "Image" in properties
    given = (
        properties
        if image
        else f"Handler: a.b, {'' if 'Runtime' in properties else 'Runtime: python3.13, '}{properties}"
    )
    template = reading(
        f"{SAM}Parameters: {{Stage: {{Type: String}}}}\nResources:\n{GOOD}"
        f"  F: {{Type: AWS::Serverless::Function, Properties: {{{given}}}}}\n"
    )
    assert (list(template.queues), dict(template.functions)) == (["Good"], {})
    (line,) = template.not_run
    assert line.partition(": not run locally: ")[2].startswith(reason)


# --- what the AWS CDK writes ------------------------------------------------------------------------------------


def test_the_assets_of_a_cdk_application_are_found_by_metadata_manifest_and_name(
    tmp_path: Path,
) -> None:
    for name in ("asset.one", "asset.two", "asset.three"):
        (tmp_path / name).mkdir()
    location = {"S3Bucket": {"Fn::Sub": "cdk-assets-${AWS::AccountId}"}}

    def function(key: object, **others: object) -> dict[str, object]:
        properties = {"Handler": "a.b", "Runtime": "python3.13", "Code": {**location, "S3Key": key}}
        return {"Type": "AWS::Lambda::Function", "Properties": properties, **others}

    parts = {"Fn::Select": [0, {"Fn::Split": ["||", {"Ref": "AssetParametersOne"}]}]}
    stack = {
        "Parameters": {
            "BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk/version"},
            "AssetParametersOne": {"Type": "String"},
        },
        "Rules": {"CheckBootstrapVersion": {"Assertions": []}},
        "Resources": {
            "One": function({"Fn::Join": ["", [parts, ".zip"]]}, Metadata={"aws:asset:path": "asset.one"}),
            "Two": function("prefix/22.zip"),
            "Three": function("three.zip"),
            "Gone": function("x.zip", Metadata={"aws:asset:path": "asset.gone"}),
        },
    }
    files = {"22": {"source": {"path": "asset.two"}, "destinations": {"here": {"objectKey": "prefix/22.zip"}}}}
    (tmp_path / "Jobs.assets.json").write_text(json.dumps({"files": files}))
    (tmp_path / "Jobs.template.json").write_text(json.dumps(stack))
    template = read(tmp_path / "Jobs.template.json", stack_name="jobs")
    assert {key: each.code.name for key, each in template.functions.items()} == {
        "One": "asset.one",
        "Two": "asset.two",
        "Three": "asset.three",
    }
    (line,) = template.not_run
    assert line.endswith("Properties.Code: there is no folder asset.gone beside the template; run `cdk synth` again")


def test_notifications_that_the_cdk_sets_up_by_a_custom_resource_are_the_buckets(reading: Reading) -> None:
    template = reading(
        f"""
        Resources:
          Bucket: {{Type: AWS::S3::Bucket}}
          Queue: {{Type: AWS::SQS::Queue}}
          F: {{Type: AWS::Lambda::Function, Properties: {{{PYTHON}}}}}
          Allowed:
            Type: AWS::Lambda::Permission
            Properties: {{Action: 'lambda:InvokeFunction', Principal: s3.amazonaws.com, FunctionName: !GetAtt F.Arn}}
          BucketNotifications:
            Type: Custom::S3BucketNotifications
            DependsOn: [Allowed]
            Properties:
              ServiceToken: !GetAtt Handler.Arn
              BucketName: !Ref Bucket
              Managed: true
              NotificationConfiguration:
                EventBridgeConfiguration: {{}}
                LambdaFunctionConfigurations:
                  - Events: ['s3:ObjectCreated:*']
                    Filter: {{Key: {{FilterRules: [{{Name: suffix, Value: .csv}}]}}}}
                    LambdaFunctionArn: !GetAtt F.Arn
                QueueConfigurations: [{{Events: ['s3:ObjectRemoved:*'], QueueArn: !GetAtt Queue.Arn}}]
          Handler: {{Type: AWS::Lambda::Function, Properties: {{Runtime: nodejs22.x, Code: {{ZipFile: x}}}}}}
        """
    )
    bucket = template.buckets["Bucket"]
    assert bucket.event_bridge
    assert [(each.event, each.suffix) for each in bucket.notifications] == [
        ("s3:ObjectCreated:*", ".csv"),
        ("s3:ObjectRemoved:*", ""),
    ]
    (line,) = template.not_run
    assert line.startswith("Handler (AWS::Lambda::Function): not run locally: Properties.Runtime: nodejs22.x")


# --- loops, computed names and included parts ---------------------------------------------------------------------


def test_loops_are_written_out_in_resources_outputs_and_properties_nested_and_by_parameter(reading: Reading) -> None:
    template = reading(
        """
        Transform: AWS::LanguageExtensions
        Parameters: {Names: {Type: CommaDelimitedList, Default: 'orders,pay-ments'}}
        Mappings: {Sizes: {orders: {Wait: 60}}}
        Conditions:
          Fn::ForEach::Wanted: [Name, [orders], {'Has${Name}': !Equals ['${Name}', orders]}]
        Resources:
          Fn::ForEach::Queues:
            - Name
            - !Ref Names
            - 'Queue&{Name}':
                Type: AWS::SQS::Queue
                Properties:
                  QueueName: !Sub '${AWS::StackName}-${Name}'
                  VisibilityTimeout: !FindInMap [Sizes, !Ref Name, Wait, {DefaultValue: !Length [1, 2]}]
              Fn::ForEach::Deep:
                - Kind
                - [Big, Small]
                - 'Topic${Kind}&{Name}': {Type: AWS::SNS::Topic, DependsOn: 'Queue&{Name}'}
          Table:
            Type: AWS::DynamoDB::Table
            Condition: Hasorders
            Properties:
              KeySchema: [{AttributeName: id, KeyType: HASH}]
              Fn::ForEach::Properties: [Mode, [PAY_PER_REQUEST], {BillingMode: !Ref Mode}]
        Outputs:
          Fn::ForEach::Urls: [Id, [orders, payments], {'Url${Id}': {Value: !GetAtt [!Sub 'Queue${Id}', QueueName]}}]
          All: {Value: !ToJsonString {names: !Ref Names}}
        """
    )
    assert {key: queue.name for key, queue in template.queues.items()} == {
        "Queueorders": "shop-orders",
        "Queuepayments": "shop-pay-ments",
    }
    assert [queue.visibility_timeout for queue in template.queues.values()] == [60, 2]
    assert [*template.topics] == ["TopicBigorders", "TopicSmallorders", "TopicBigpayments", "TopicSmallpayments"]
    assert template.tables["Table"].billing_mode == "PAY_PER_REQUEST"
    assert template.outputs == {
        "Urlorders": "shop-orders",
        "Urlpayments": "shop-pay-ments",
        "All": '{"names":["orders","pay-ments"]}',
    }
    assert template.not_run == ()


@pytest.mark.parametrize("loop", ["[Name, !Ref Gone, {}]", "[Name, [a]]", "text", "[Name, [{a: b}], {}]"])
def test_a_loop_that_makes_no_sense_costs_itself_alone(reading: Reading, loop: str) -> None:
    template = reading(f"Transform: AWS::LanguageExtensions\nResources:\n{GOOD}  Fn::ForEach::Some: {loop}\n")
    assert list(template.queues) == ["Good"]
    (line,) = template.not_run
    assert line.startswith("Resources.Fn::ForEach::Some: the loop left out: ")


def test_what_a_template_needs_a_transform_for_runs_without_it_and_is_told(naming: Naming) -> None:
    loop = "Fn::ForEach::Q: [Name, [a], {'Q${Name}': {Type: AWS::SQS::Queue}}]"
    assert naming(f"Resources: {{{loop}}}") == (
        "Transform: add AWS::LanguageExtensions: CloudFormation refuses Fn::ForEach without it; it works here"
    )
    function = f"{{Type: AWS::Serverless::Function, Properties: {{{PYTHON}}}}}"
    assert naming(f"Resources: {{F: {function}}}") == (
        "Transform: add AWS::Serverless-2016-10-31: CloudFormation refuses AWS::Serverless types without it; "
        "it works here"
    )


def test_parts_that_are_beside_the_template_are_included(reading: Reading, template_file: Path) -> None:
    folder = template_file.parent
    (folder / "more.yaml").write_text("Included: {Type: AWS::SQS::Queue}")
    (folder / "settings.json").write_text('{"VisibilityTimeout": 77}')
    (folder / "outputs.yaml").write_text("Outputs: {Name: {Value: !GetAtt Q.QueueName}}")
    template = reading(
        """
        Transform: [{Name: AWS::Include, Parameters: {Location: outputs.yaml}}]
        Resources:
          Fn::Transform: {Name: AWS::Include, Parameters: {Location: ./more.yaml}}
          Q:
            Type: AWS::SQS::Queue
            Properties:
              QueueName: q
              Fn::Transform: {Name: AWS::Include, Parameters: {Location: settings.json}}
        """
    )
    assert [*template.queues] == ["Included", "Q"]
    assert (template.queues["Q"].name, template.queues["Q"].visibility_timeout) == ("q", 77)
    assert (dict(template.outputs), template.not_run) == ({"Name": "q"}, ())


def test_parts_that_are_elsewhere_are_named_and_cost_what_they_are_in(reading: Reading) -> None:
    template = reading(
        """
        Transform: [MyMacro, {Name: AWS::Include, Parameters: {Location: 's3://b/all.yaml'}}]
        Resources:
          Fn::Transform: {Name: AWS::Include, Parameters: {Location: gone.yaml}}
          Q:
            Type: AWS::SQS::Queue
            Properties: {QueueName: q, Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://b/k'}}}
          R: {Type: AWS::SQS::Queue, Properties: {QueueName: !Transform {Name: Namer}}}
          Good: {Type: AWS::SQS::Queue}
        """
    )
    assert [*template.queues] == ["Q", "Good"]
    assert template.not_run == (
        (
            "Transform: AWS::Include of s3://b/all.yaml left out: it is not on this machine; give a file beside the "
            "template as its Location"
        ),
        ("Resources.Fn::Transform: AWS::Include of gone.yaml left out: cannot be read: No such file or directory"),
        "Transform: the macro MyMacro left out: it runs on AWS only",
        (
            "R (AWS::SQS::Queue): not run locally: Properties.QueueName.Fn::Transform: the macro Namer runs on AWS "
            "only; write out what it makes"
        ),
        (
            "Q (AWS::SQS::Queue): Fn::Transform left out: the local service does not know this setting; see whether "
            "your functions rely on it"
        ),
    )


# --- mistakes, each of which costs what it is in -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "line"),
    [
        (
            "{Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: soon}}",
            "X: Properties.VisibilityTimeout: wants a whole number but is given a text",
        ),
        (
            "{Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Godo}}",
            "X: Properties.QueueName: no resource or parameter is called Godo; did you mean Good?",
        ),
        (
            "{Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Stage}}",
            "X: Properties.QueueName: parameter Stage has no value; give it one: --parameter Stage=VALUE",
        ),
        (
            "{Type: AWS::SQS::Queue, Condition: Nowhere}",
            "X: Condition: the template has no condition Nowhere; declare it under Conditions",
        ),
        ("{Type: AWS::SQS::Queue, DependsOn: {a: b}}", "X: DependsOn: wants a logical id or a list of them"),
        (
            f"{{Type: AWS::Serverless::Function, Properties: {{{PYTHON}, Bogus: 1}}}}",
            "X: SAM refuses it: property Bogus not defined for resource of type AWS::Serverless::Function",
        ),
        (
            "{Type: AWS::Serverless::Function, Properties: {Runtime: python3.13}}",
            "X: SAM refuses it: Runtime and Handler needs to be present when PackageType is of type `Zip`",
        ),
        (
            f"{{Type: AWS::Serverless::Function, Properties: {{{PYTHON}, AutoPublishAlias: !Ref Stage}}}}",
            (
                "X: SAM refuses it: 'AutoPublishAlias' must be a string or a Ref to a template parameter; "
                "parameter Stage has no value; give it one: --parameter Stage=VALUE"
            ),
        ),
        (
            f"{{Type: AWS::Lambda::Function, Properties: {{{PYTHON}, FunctionName: a b}}}}",
            "X: Properties.FunctionName: 'a b' is no name of a function; use letters, digits, - and _, 64 at most",
        ),
        (
            "{Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt Good.QueueName}}",
            "X: Properties.QueueName: shop-Good-X4EO34M77ULM is the name of Good already; give it another",
        ),
        (
            "{Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}",
            "X: Properties.Handler: is missing; for example app.handler",
        ),
        ("{Type: AWS::Network::Thing}", "X: the local service has no such resource"),
    ],
)
def test_a_mistake_costs_its_resource_alone(reading: Reading, naming: Naming, resource: str, line: str) -> None:
    text = f"{SAM}Parameters: {{Stage: {{Type: String}}}}\nResources:\n{GOOD}  X: {resource}\n"
    assert naming(text) == line
    assert [*reading(text).queues, *reading(text).functions] == ["Good"]


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ("{Type: SQS}", "Missing required property 'Queue'."),
        ("{Type: SQS, Properties: {}}", "Missing required property 'Queue'."),
        ("{Type: SQS, Properties: [x]}", "Properties of a resource must be an object."),
        (
            "{Type: Bogus, Properties: {}}",
            "Resource dict has missing or invalid value for key Type. Event Type is: Bogus.",
        ),
        ("text", "Type of property 'Events' is invalid."),
        (
            "{Type: Api, Properties: {Path: /, Method: get, RestApiId: !Ref Gone}}",
            "RestApiId must be a valid reference to an 'AWS::Serverless::Api' resource in same template.",
        ),
    ],
)
def test_an_event_that_makes_no_sense_costs_itself_alone(reading: Reading, event: str, problem: str) -> None:
    queue = "{Type: SQS, Properties: {Queue: !GetAtt Good.Arn}}"
    template = reading(
        f"{SAM}Resources:\n{GOOD}"
        f"  F: {{Type: AWS::Serverless::Function, Properties: {{{PYTHON}, Events: {{E: {event}, Right: {queue}}}}}}}\n"
    )
    assert [*template.event_source_mappings] == ["FRight"]
    (line,) = template.not_run
    assert line.startswith(f"F (AWS::Serverless::Function): event E left out: SAM refuses it: {problem}")


def test_what_globals_cannot_say_costs_itself_alone(reading: Reading) -> None:
    template = reading(
        f"""{SAM}
Globals: {{Function: {{Bogus: 1, Timeout: 9, CodeUri: !Ref Stage}}, Strange: {{}}}}
Parameters: {{Stage: {{Type: String}}}}
Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {{{PYTHON}}}}}}}
"""
    )
    assert template.functions["F"].timeout == 9
    assert template.not_run == (
        "Globals.Function: CodeUri left out: parameter Stage has no value; give it one: --parameter Stage=VALUE",
        (
            "Globals.Function: Bogus left out: SAM refuses it: 'Globals' section is invalid. 'Bogus' is not a "
            "supported property of 'Function'"
        ),
        "Globals: Strange left out: SAM refuses it: 'Globals' section is invalid. 'Strange' is not supported",
    )


def test_what_refers_to_a_lost_resource_is_told_so(reading: Reading) -> None:
    template = reading(
        f"""
        Resources:
          Lost: {{Type: AWS::SQS::Queue, Properties: {{Tags: !Ref Nobody}}}}
          F: {{Type: AWS::Lambda::Function, Properties: {{{PYTHON}, Environment: {{Variables: {{Q: !Ref Lost}}}}}}}}
        Outputs: {{O: {{Value: !GetAtt Lost.Arn}}}}
        """
    )
    assert dict(template.functions["F"].environment) == {}
    assert template.not_run == (
        "Lost (AWS::SQS::Queue): not run locally: Properties.Tags: no resource or parameter is called Nobody",
        "F (AWS::Lambda::Function): environment variable Q left out: Lost (AWS::SQS::Queue) is not run locally",
        "O (output): left out: Lost (AWS::SQS::Queue) is not run locally",
    )


def test_a_layer_that_only_aws_knows_costs_itself_alone(reading: Reading) -> None:
    layers = "[!Ref L, '{{resolve:ssm:/layer}}', !ImportValue layer]"
    template = reading(
        f"""
        Resources:
          L: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: layer}}}}
          F: {{Type: AWS::Lambda::Function, Properties: {{{PYTHON}, Layers: {layers}}}}}
        """
    )
    assert [layer.logical_id for layer in template.functions["F"].layers] == ["L"]
    assert [line.partition(" left out")[0] for line in template.not_run] == [
        "F (AWS::Lambda::Function): layer 2",
        "F (AWS::Lambda::Function): layer 3",
    ]


def test_circles_by_way_of_what_is_not_run_are_none(reading: Reading) -> None:
    template = reading(
        f"""
        Resources:
          Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Body: {{uri: !GetAtt F.Arn}}}}}}
          F: {{Type: AWS::Lambda::Function, Properties: {{{PYTHON}, Environment: {{Variables: {{API: !Ref Api}}}}}}}}
        """
    )
    assert [*template.functions] == ["F"]
    assert template.not_run == (
        (
            "Api (AWS::ApiGateway::RestApi): not run locally: HTTP is not served; call its functions directly: "
            "landfast invoke F --event FILE"
        ),
        (
            "F (AWS::Lambda::Function): environment variable API left out: "
            "Api (AWS::ApiGateway::RestApi) is not run locally"
        ),
    )


def test_a_circle_of_what_is_run_runs_and_is_told(reading: Reading) -> None:
    queues = "".join(
        f"  {one}: {{Type: AWS::SQS::Queue, Properties: {{RedrivePolicy: "
        f"{{deadLetterTargetArn: !GetAtt {other}.Arn, maxReceiveCount: 2}}}}}}\n"
        for one, other in (("A", "B"), ("B", "A"))
    )
    template = reading(f"Resources:\n{queues}")
    assert [*template.queues] == ["A", "B"]
    (line,) = template.not_run
    assert line.endswith("circular dependency A -> B -> A: CloudFormation refuses it")


def test_what_lambda_refuses_of_an_environment_is_told(reading: Reading) -> None:
    def template(variables: str) -> Template:
        return reading(
            f"Resources:\n  F: {{Type: AWS::Lambda::Function, Properties: {{{PYTHON}, Environment: "
            f"{{Variables: {variables}}}}}}}\n"
        )

    reserved = template("{AWS_REGION: eu-west-1, MINE: a}")
    assert dict(reserved.functions["F"].environment) == {"MINE": "a"}
    assert reserved.not_run == (
        (
            "F (AWS::Lambda::Function): environment variable AWS_REGION left out: Lambda reserves it, and refuses the "
            "function"
        ),
    )
    fits = "x" * (4_096 - len('{"MINE":""}'))
    assert template(f"{{MINE: {fits}}}").not_run == ()
    large = template(f"{{MINE: {fits}x}}")
    assert len(large.functions["F"].environment["MINE"]) == len(fits) + 1
    assert large.not_run == (
        "F (AWS::Lambda::Function): its environment has 4,097 bytes: Lambda refuses more than 4,096; it runs here",
    )


def test_the_resources_of_a_network_are_one_line(naming: Naming) -> None:
    subnets = "".join(f"  Subnet{number}: {{Type: AWS::EC2::Subnet}}\n" for number in range(75))
    assert naming(f"Resources:\n{GOOD}{subnets}  Net: {{Type: AWS::EC2::VPC}}\n") == (
        "76 resources: the local service has no such resources: "
        "AWS::EC2::Subnet (Subnet0, Subnet1, Subnet2 and 72 more), AWS::EC2::VPC (Net)"
    )


def test_a_check_of_the_translation_misses_nothing(template_file: Path) -> None:
    template_file.write_text(f"{SAM}Resources:\n{GOOD}  F: {{Type: AWS::Serverless::Function}}\n", encoding="utf-8")
    with pytest.raises(TemplateError, match="SAM refuses it: Runtime and Handler"):
        translated(template_file)
