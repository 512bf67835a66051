"""What sends events to what in a template, and the picture of it."""

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from landfast.report.files import SCHEMES, svg
from landfast.template import Edge, Graph, Node, graph_of, picture, read
from tests.template_reader.conftest import Reading

SVG = "{http://www.w3.org/2000/svg}"
SMALL = Path("tests/testing/crashing/template.yaml")
"""A stack with too few resources for a line to cross one."""

STACKS = sorted({*Path("tests").glob("*/*/template.yaml")} - {SMALL})
PARAMETERS = {"contract": {"Ledger": "ledger"}, "faithful": {"Ledger": "ledger"}}

type Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""


EVERYTHING = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Uploads: {Type: AWS::S3::Bucket}
  Kept: {Type: AWS::S3::Bucket}
  Done: {Type: AWS::SQS::Queue}
  Failed: {Type: AWS::SQS::Queue}
  Dead: {Type: AWS::SQS::Queue}
  Work:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, RedrivePolicy: {deadLetterTargetArn: !GetAtt Late.Arn, maxReceiveCount: 3}}
  Late: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  News: {Type: AWS::SNS::Topic}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: bus}}
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Import:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: functions/
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}
      Policies:
        - Statement: [{Effect: Allow, Action: "dynamodb:Put*", Resource: !GetAtt Items.Arn}]
        - Statement: [{Effect: Allow, Action: "s3:PutObject", Resource: !Sub "${Kept.Arn}/*"}]
        - Statement: [{Effect: Allow, Action: "sns:*", Resource: "*"}]
        - Statement: [{Effect: Deny, Action: "events:*", Resource: !GetAtt Bus.Arn}]
      EventInvokeConfig:
        DestinationConfig:
          OnSuccess: {Type: SQS, Destination: !GetAtt Done.Arn}
          OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}
      Events:
        Upload: {Type: S3, Properties: {Bucket: !Ref Uploads, Events: "s3:ObjectCreated:*"}}
        Placed:
          Type: EventBridgeRule
          Properties:
            EventBusName: !Ref Bus
            Pattern: {source: [shop]}
            DeadLetterConfig: {Arn: !GetAtt Dead.Arn}
  Handle:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: functions/
      Events:
        Work: {Type: SQS, Properties: {Queue: !GetAtt Work.Arn}}
        Changes: {Type: DynamoDB, Properties: {Stream: !GetAtt Items.StreamArn, StartingPosition: LATEST}}
        Clicks:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Clicks.Arn
            StartingPosition: LATEST
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}
        News: {Type: SNS, Properties: {Topic: !Ref News}}
"""


def test_every_way_of_an_event_is_an_edge_with_its_reason(reading: Reading) -> None:
    found = {
        (edge.source, edge.kind, edge.target, edge.note, edge.about) for edge in graph_of(reading(EVERYTHING)).edges
    }
    assert found == {
        ("Uploads", "event", "Import", "s3:ObjectCreated:*", ""),
        ("Bus", "event", "Import", "rule ImportPlaced", ""),
        ("Bus", "failure", "Dead", "not delivered", "Import"),
        ("Import", "success", "Done", "on success", ""),
        ("Import", "failure", "Failed", "on failure", ""),
        ("Import", "failure", "Dead", "dead-letter queue", ""),
        ("Import", "write", "Items", "by its role", ""),
        ("Import", "write", "Kept", "by its role", ""),
        ("Work", "event", "Handle", "event source mapping", ""),
        ("Work", "failure", "Late", "received 3 times", ""),
        ("Items", "event", "Handle", "event source mapping", ""),
        ("Clicks", "event", "Handle", "event source mapping", ""),
        ("Handle", "failure", "Failed", "records given up", ""),
        ("News", "event", "Handle", "subscription", ""),
    }


def test_a_node_is_called_what_aws_calls_it(reading: Reading) -> None:
    graph = graph_of(reading(EVERYTHING))
    assert graph.node("Work").noun == "SQS FIFO queue"
    assert graph.node("Failed").noun == "SQS queue"
    assert {node.kind for node in graph.nodes} == {"bucket", "stream", "table", "queue", "topic", "bus", "function"}


def test_the_default_bus_is_there_if_a_rule_is_on_it(reading: Reading) -> None:
    text = """
    Resources:
      Q: {Type: AWS::SQS::Queue}
      Rule:
        Type: AWS::Events::Rule
        Properties: {EventPattern: {source: [shop]}, Targets: [{Id: q, Arn: !GetAtt Q.Arn}]}
    """
    graph = graph_of(reading(text))
    assert graph.node("default") == Node("default", "bus", "EventBridge event bus")
    assert graph.edges == (Edge("default", "Q", "event", "rule Rule"),)


def drawn(graph: Graph) -> ET.Element:
    return ET.fromstring(picture(graph, "Everything"))  # noqa: S314 - we made it ourselves, without entities


def boxes(root: ET.Element) -> list[tuple[str, Box]]:
    """Each node with its place."""
    found = []
    for group in root.iter(f"{SVG}g"):
        title, box = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        if title is not None and box is not None and "node" in box.get("class", ""):
            x, y, width, height = (float(box.get(key, "")) for key in ("x", "y", "width", "height"))
            found.append((title.text or "", (x, y, x + width, y + height)))
    return found


def strokes(root: ET.Element) -> list[Box]:
    """Every straight piece of a line, a pixel wide, without its ends, which may touch a node."""
    found = []
    for path in root.iter(f"{SVG}path"):
        if path.get("class") in {"flow", "failed"}:
            x = y = 0.0
            for command, numbers in re.findall(r"([MHVh])([-\d. ]+)", path.get("d", "")):
                to = [float(number) for number in numbers.split()]
                after = {"M": (to[0], to[-1]), "H": (to[0], y), "h": (x + to[0], y), "V": (x, to[0])}[command]
                if command != "M":
                    along, across = (-1.0, 0.5) if command != "V" else (0.5, -1.0)
                    left, top, right, bottom = min(x, after[0]), min(y, after[1]), max(x, after[0]), max(y, after[1])
                    found.append((left - along, top - across, right + along, bottom + across))
                x, y = after
    return found


def touch(one: Box, other: Box) -> bool:
    """Whether two rectangles have more than an edge in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.parents[1].name)
def test_no_two_nodes_overlap_and_no_line_crosses_a_node(path: Path) -> None:
    root = drawn(graph_of(read(path, stack_name="stack", parameters=PARAMETERS.get(path.parents[1].name, {}))))
    nodes, lines = boxes(root), strokes(root)
    assert len(nodes) > 3
    assert len(lines) > 3
    assert [pair for pair in combinations(nodes, 2) if touch(pair[0][1], pair[1][1])] == []
    assert [(line, node) for line in lines for node in nodes if touch(line, node[1])] == []


def test_everything_is_drawn_once_for_each_row_and_inside_the_picture(reading: Reading) -> None:
    root = drawn(graph_of(reading(EVERYTHING)))
    names = [node[0].partition(":")[0] for node in boxes(root)]
    assert {"Uploads", "Bus", "Import", "Items", "Kept", "Done", "Failed", "Dead", "Work", "Late", "Handle"} <= {*names}
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    for _, (left, top, right, bottom) in boxes(root):
        assert min(left, top) >= 0
        assert (right, bottom) <= (width, height)
        assert bottom <= height


def test_a_line_across_a_node_would_be_found() -> None:
    root = ET.fromstring(  # noqa: S314 - our own
        f'<svg xmlns="{SVG[1:-1]}"><g><title>Q: queue</title>'
        '<rect class="node" x="10" y="10" width="20" height="20"/></g>'
        '<path class="flow" d="M0 20H40"/><path class="flow" d="M20 0V40"/><path class="flow" d="M30 20H40"/></svg>'
    )
    [(_, node)] = boxes(root)
    assert [touch(line, node) for line in strokes(root)] == [True, True, False]


def test_what_many_functions_write_to_is_told_once_below() -> None:
    functions = [Node(f"F{number}", "function", "Lambda function") for number in range(5)]
    marks = Node("Marks", "table", "DynamoDB table")
    graph = Graph((*functions, marks), tuple(Edge(each.name, "Marks", "write", "by its role") for each in functions))
    root = drawn(graph)
    assert [name for name, *_ in boxes(root) if name.startswith("Marks")] == []
    assert "Marks: written by 5 functions" in [text.text for text in root.iter(f"{SVG}text")]


def test_a_long_name_is_cut_in_its_middle_and_told_whole_when_it_is_pointed_at() -> None:
    name = "ApplicationStackHandlerFunction1A2B3C4D"
    root = drawn(Graph((Node(name, "function", "Lambda function"),), ()))
    assert [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "node-name"] == [
        "Applicati…n1A2B3C4D"
    ]
    assert [title for title, *_ in boxes(root)] == [f"{name}: Lambda function"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_file_holds_its_colours_and_needs_nothing_else(scheme: str, reading: Reading) -> None:
    text = svg(picture(graph_of(reading(EVERYTHING)), "Everything"), "light" if scheme == "light" else "dark")
    used = set(re.findall(r"var\(--([a-z]+)\)", text))
    assert used
    assert used <= set(re.findall(r"--([a-z]+): #", text))
    assert ("--bg: #ffffff" in text) == (scheme == "light")
    assert re.findall(r"(?:href|src|url\((?!#))", text) == []
