"""Every rule holds for the template, and is able to fail."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]  # it ships no types

from tests.template import alarms, rules, stores
from tests.template.rules import RULES
from tests.template.stack import Stack, as_list, targets
from tests.template.wiring import ALARM, FUNCTION, INVOKE_CONFIG, Rule, asynchronous

type Source = dict[str, Any]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_template_keeps_the_rule(stack: Stack, rule: Rule) -> None:
    assert list(rule(stack)) == []


def lint_findings(text: str) -> list[str]:
    return [str(match) for match in lint(text, config=ManualArgs(regions=["eu-west-1"]))]


def test_cfn_lint_finds_nothing_in_the_template(stack: Stack) -> None:
    assert lint_findings(stack.text) == []


def test_cfn_lint_finds_nothing_in_the_translated_template(stack: Stack) -> None:
    assert lint_findings(json.dumps(stack.translated)) == []


def drop(path: str) -> Callable[[Source], None]:
    """Return what deletes a part of the template's resources, given as `Resource.Key.Key`."""
    *parents, last = path.split(".")

    def change(resources: Source) -> None:
        found = _at(resources, parents)
        del found[int(last) if isinstance(found, list) else last]

    return change


def put(path: str, value: object) -> Callable[[Source], None]:
    """Return what sets a part of the template's resources."""
    *parents, last = path.split(".")

    def change(resources: Source) -> None:
        _at(resources, parents)[last] = value

    return change


def _at(resources: Source, parents: list[str]) -> Any:
    found: Any = resources
    for each in parents:
        found = found[int(each) if isinstance(found, list) else each]
    return found


def leave_the_role_to_sam(resources: Source) -> None:
    del resources["ImportOrders"]["Properties"]["Role"]
    del resources["ImportOrdersRole"]


P = "Properties"
POLICIES = {
    "AdministratorsTopicPolicy",
    "CustomersTopicPolicy",
    "NoticesFailedPolicy",
    "OrderFilesPolicy",
    "OrderFilesQueuesPolicy",
    "OrdersNotDeliveredPolicy",
    "PaymentsQueuesPolicy",
    "ReceiptsQueuesPolicy",
    "ScansQueuesPolicy",
    "ShipmentsQueuesPolicy",
}
BREAKS: list[tuple[Rule, Callable[[Source], None]]] = [
    (rules.queues_outlast_their_function_six_times_and_its_window, put(f"Receipts.{P}.VisibilityTimeout", 184)),
    (rules.queues_outlast_their_function_six_times_and_its_window, drop(f"Payments.{P}.VisibilityTimeout")),
    (rules.queues_outlast_their_function_six_times_and_its_window, put(f"ReplayScans.{P}.Timeout", 121)),
    (
        rules.queues_give_five_tries_and_then_keep_the_message_longer,
        put(f"Payments.{P}.RedrivePolicy.maxReceiveCount", 4),
    ),
    (rules.queues_give_five_tries_and_then_keep_the_message_longer, drop(f"Receipts.{P}.RedrivePolicy")),
    (rules.queues_give_five_tries_and_then_keep_the_message_longer, drop(f"PaymentsFailed.{P}.FifoQueue")),
    (
        rules.queues_give_five_tries_and_then_keep_the_message_longer,
        put(f"ReceiptsFailed.{P}.MessageRetentionPeriod", 345600),
    ),
    *(
        (rules.hopeless_messages_can_be_sent_to_their_own_dead_letter_queue, change)
        for change in (
            drop(f"PostPayments.{P}.Environment.Variables.DEAD_LETTERS_QUEUE"),
            put(f"SendReceipts.{P}.Environment.Variables.DEAD_LETTERS_QUEUE", {"Ref": "PaymentsFailed"}),
            drop(f"ReplayScansRole.{P}.Policies.0.PolicyDocument.Statement.2"),
            put(
                f"PostPaymentsRole.{P}.Policies.0.PolicyDocument.Statement.2.Resource",
                [{"Fn::GetAtt": [queue, "Arn"]} for queue in ("PaymentsFailed", "Payments")],
            ),
        )
    ),
    (
        rules.queues_report_single_messages,
        drop(f"PostPayments.{P}.Events.Payments.{P}.FunctionResponseTypes"),
    ),
    (
        rules.queues_report_single_messages,
        drop(f"SendReceipts.{P}.Events.Receipts.{P}.MaximumBatchingWindowInSeconds"),
    ),
    (rules.queues_report_single_messages, put(f"PostPayments.{P}.Events.Payments.{P}.BatchSize", 11)),
    *(
        (rules.streams_isolate_what_fails_and_keep_it, drop(f"TrackParcels.{P}.Events.Scans.{P}.{setting}"))
        for setting in (
            "BisectBatchOnFunctionError",
            "FunctionResponseTypes",
            "MaximumRetryAttempts",
            "MaximumRecordAgeInSeconds",
            "DestinationConfig",
        )
    ),
    (
        rules.streams_isolate_what_fails_and_keep_it,
        put(f"PublishOrderChanges.{P}.Events.Orders.{P}.MaximumRecordAgeInSeconds", 86400),
    ),
    *(
        (
            rules.asynchronous_functions_state_both_numbers_and_both_destinations,
            drop(f"{function}.{P}.EventInvokeConfig.{setting}"),
        )
        for function in ("ImportOrders", "ShipOrder", "NotifyCustomer")
        for setting in (
            "MaximumRetryAttempts",
            "MaximumEventAgeInSeconds",
            "DestinationConfig.OnSuccess",
            "DestinationConfig.OnFailure",
        )
    ),
    (
        rules.asynchronous_functions_state_both_numbers_and_both_destinations,
        drop(f"NotifyCustomer.{P}.EventInvokeConfig"),
    ),
    (rules.no_destination_is_fifo, put(f"S3Failure.{P}.FifoQueue", value=True)),
    (alarms.every_failure_store_has_an_alarm, drop("PaymentsFailedVisible")),
    (alarms.every_failure_store_has_an_alarm, drop("NoticesFailedVisible")),
    (alarms.every_failure_store_has_an_alarm, drop("ShipmentsDeadVisible")),
    (alarms.every_failure_store_has_an_alarm, put(f"S3FailureVisible.{P}.Threshold", 1)),
    (
        alarms.every_failure_store_has_an_alarm,
        put(f"S3FailureVisible.{P}.MetricName", "NumberOfMessagesSent"),
    ),
    (alarms.every_failure_store_has_an_alarm, drop("OrderChangesFailedArrived")),
    (alarms.everything_that_delivers_is_watched, drop("ImportOrdersResultsLost")),
    (alarms.everything_that_delivers_is_watched, drop("NotifyCustomerEventsDropped")),
    (alarms.every_function_is_watched_for_throttles, drop(f"FunctionsThrottled.{P}.Metrics.4")),
    (alarms.everything_that_delivers_is_watched, drop("ShipOrderDeadLettersLost")),
    (alarms.everything_that_delivers_is_watched, drop(f"NoticesFailedRule.{P}.Targets.0.DeadLetterConfig")),
    (alarms.everything_that_delivers_is_watched, drop(f"ShipOrder.{P}.Events.OrderPlaced.{P}.DeadLetterConfig")),
    (alarms.everything_that_delivers_is_watched, drop("OrdersNotDeliveredLost")),
    (alarms.everything_that_delivers_is_watched, drop("NoticesUndelivered")),
    (alarms.everything_that_delivers_is_watched, drop("AlarmsUndelivered")),
    (alarms.everything_that_delivers_is_watched, drop("TrackParcelsResultsLost")),
    (
        alarms.everything_that_delivers_is_watched,
        put("Nightly", {"Type": "AWS::Scheduler::Schedule", P: {}}),
    ),
    (
        alarms.everything_that_delivers_is_watched,
        put(f"ParkedScans.{P}.NotificationConfiguration", {"QueueConfigurations": []}),
    ),
    *(
        (alarms.source_queues_are_watched_by_the_age_of_their_oldest_message, drop(alarm))
        for alarm in ("PaymentsLate", "ReceiptsLate", "ScansFailedLate")
    ),
    *(
        (
            alarms.source_queues_are_watched_by_the_age_of_their_oldest_message,
            put(f"PaymentsLate.{P}.Threshold", threshold),
        )
        for threshold in (899, 172801)
    ),
    (alarms.streams_that_nobody_reads_are_told, drop("OrdersUnread")),
    (alarms.streams_that_nobody_reads_are_told, put(f"ParcelScansUnread.{P}.TreatMissingData", "notBreaching")),
    (alarms.streams_that_nobody_reads_are_told, put(f"ParcelScansUnread.{P}.Statistic", "Sum")),
    (
        alarms.streams_that_nobody_reads_are_told,
        drop(f"TrackParcels.{P}.Events.Scans.{P}.MetricsConfig"),
    ),
    (alarms.every_alarm_watches_what_can_be_emitted, put(f"ScansParkedAlarm.{P}.MetricName", "ScansPraked")),
    (alarms.every_alarm_watches_what_can_be_emitted, put(f"ScansParkedAlarm.{P}.Namespace", "Shop")),
    (
        alarms.every_alarm_watches_what_can_be_emitted,
        put(f"ScansParkedAlarm.{P}.Dimensions", [{"Name": "service", "Value": "replayed_scans"}]),
    ),
    (alarms.every_alarm_watches_what_can_be_emitted, put(f"S3FailureVisible.{P}.MetricName", "MessagesVisible")),
    (
        alarms.every_alarm_watches_what_can_be_emitted,
        put(f"FunctionsThrottled.{P}.Metrics", [{"Id": f"m{number}"} for number in range(11)]),
    ),
    *(
        (alarms.every_alarm_watches_what_can_be_emitted, put(f"ReplayScans.{P}.LoggingConfig", logging))
        for logging in (
            {"LogFormat": "JSON", "ApplicationLogLevel": {"Ref": "LogLevel"}},
            {"LogFormat": "JSON", "ApplicationLogLevel": "WARN"},
        )
    ),
    (
        alarms.streams_that_fall_behind_are_told_before_records_are_given_up,
        put(f"TrackParcelsLate.{P}.Threshold", 86_400_000),
    ),
    (
        alarms.every_alarm_reaches_the_administrators_and_says_what_to_do,
        put(f"S3FailureVisible.{P}.AlarmDescription", {"Fn::Sub": "Look at ${Runbooks}#nowhere"}),
    ),
    (
        alarms.every_alarm_reaches_the_administrators_and_says_what_to_do,
        drop(f"S3FailureVisible.{P}.AlarmActions"),
    ),
    (
        rules.no_function_reaches_outside_its_stack,
        put(f"ImportOrdersRole.{P}.Policies.0.PolicyDocument.Statement.1.Resource", "*"),
    ),
    (
        rules.no_function_reaches_outside_its_stack,
        put(f"ImportOrdersRole.{P}.Policies.0.PolicyDocument.Statement.1.Action", "s3:*"),
    ),
    (rules.every_function_has_a_role_and_a_log_group_of_its_own, leave_the_role_to_sam),
    (rules.every_function_has_a_role_and_a_log_group_of_its_own, drop(f"ImportOrdersLogs.{P}.RetentionInDays")),
    (
        rules.every_function_has_a_role_and_a_log_group_of_its_own,
        put(f"ImportOrders.{P}.LoggingConfig.LogGroup", {"Ref": "PostPaymentsLogs"}),
    ),
    (
        rules.every_function_has_a_role_and_a_log_group_of_its_own,
        put(f"ImportOrders.{P}.Role", {"Fn::GetAtt": ["PostPaymentsRole", "Arn"]}),
    ),
    (
        rules.functions_may_do_what_their_wiring_needs,
        put(f"ImportOrdersRole.{P}.Policies.0.PolicyDocument.Statement.4.Resource", {"Ref": "S3Success"}),
    ),
    (
        rules.functions_may_do_what_their_wiring_needs,
        put(f"TrackParcelsRole.{P}.Policies.0.PolicyDocument.Statement.1.Action", "kinesis:GetRecords"),
    ),
    (rules.invocations_are_allowed_to_their_source_alone, drop(f"OrderFilesMayInvoke.{P}.SourceArn")),
    (rules.invocations_are_allowed_to_their_source_alone, drop(f"OrderFilesMayInvoke.{P}.SourceAccount")),
    (stores.what_is_stored_is_encrypted, drop(f"Receipts.{P}.SqsManagedSseEnabled")),
    (stores.what_is_stored_is_encrypted, drop(f"ParcelScans.{P}.StreamEncryption")),
    (stores.everything_takes_tls_only, drop("ParkedScansPolicy")),
    (
        stores.buckets_are_private,
        put(f"OrderFiles.{P}.PublicAccessBlockConfiguration.BlockPublicAcls", value=False),
    ),
    *((stores.everything_takes_tls_only, drop(policy)) for policy in sorted(POLICIES)),
    (
        stores.everything_takes_tls_only,
        put(f"ReceiptsQueuesPolicy.{P}.Queues", [{"Ref": "Receipts"}]),
    ),
    (
        stores.everything_takes_tls_only,
        put(f"ReceiptsQueuesPolicy.{P}.Queues", [{"Ref": name} for name in ("Receipts", "ReceiptsFailed", "Payments")]),
    ),
    (
        stores.everything_takes_tls_only,
        put(f"CustomersTopicPolicy.{P}.PolicyDocument.Statement.0.Condition", {}),
    ),
    (stores.topics_can_be_used_by_their_account, drop(f"ReceiptsTopicPolicy.{P}.PolicyDocument.Statement.1")),
    (
        stores.services_may_send_and_only_on_behalf_of_this_stack,
        drop(f"AdministratorsTopicPolicy.{P}.PolicyDocument.Statement.2"),
    ),
    (
        stores.services_may_send_and_only_on_behalf_of_this_stack,
        put(f"AdministratorsTopicPolicy.{P}.PolicyDocument.Statement.2.Condition", {}),
    ),
    (
        stores.services_may_send_and_only_on_behalf_of_this_stack,
        drop(f"NoticesNotDeliveredPolicy.{P}.PolicyDocument.Statement.1"),
    ),
    *(
        (
            stores.what_is_overwritten_or_deleted_can_be_had_back,
            drop(f"{table}.{P}.PointInTimeRecoverySpecification"),
        )
        for table in ("IdempotencyTable", "OrdersTable", "EntriesTable")
    ),
    (
        stores.what_is_overwritten_or_deleted_can_be_had_back,
        drop(f"ParkedScans.{P}.VersioningConfiguration"),
    ),
    (
        stores.what_is_overwritten_or_deleted_can_be_had_back,
        drop(f"OrderChangesFailed.{P}.LifecycleConfiguration"),
    ),
    (stores.data_outlives_its_stack, put("AccountsTable.DeletionPolicy", "Delete")),
    (rules.every_handler_is_there, put(f"ImportOrders.{P}.Handler", "import_orders.app.main")),
    *(
        (rules.functions_outlast_every_call_they_make, put(f"{function}.{P}.Timeout", timeout))
        for function, timeout in (("PostPayments", 20), ("ShipOrder", 10), ("ImportOrders", 60), ("ReplayScans", 90))
    ),
    (rules.every_setting_is_given, drop(f"PostPayments.{P}.Environment.Variables.ENTRIES_TABLE")),
    (
        rules.the_last_delivery_is_known_to_the_replay,
        put(f"ScansFailed.{P}.RedrivePolicy.maxReceiveCount", 6),
    ),
]


@pytest.mark.parametrize(("rule", "change"), BREAKS)
def test_a_template_that_breaks_a_rule_is_found_by_it(
    stack: Stack, rule: Rule, change: Callable[[Source], None]
) -> None:
    source = deepcopy(stack.source)
    change(source["Resources"])
    assert list(rule(Stack.of_source(stack.text, source))) != []


def test_a_number_without_a_reason_is_found(text: str) -> None:
    assert list(rules.numbers_say_why(Stack.of(text.replace("Timeout: 900 #", "Timeout: 900\n#"))))


def test_an_output_without_a_description_is_found(stack: Stack) -> None:
    source = deepcopy(stack.source)
    del source["Outputs"]["S3FailureQueueUrl"]["Description"]
    assert list(rules.parameters_and_outputs_are_described(Stack.of_source(stack.text, source)))


@pytest.mark.parametrize("pattern", [None, ".*", "^https?://.*$", "^https://.+$"])
def test_a_parameter_that_takes_a_relative_link_or_refuses_its_default_is_found(
    stack: Stack, pattern: str | None
) -> None:
    source = deepcopy(stack.source)
    source["Parameters"]["Runbooks"].pop("AllowedPattern")
    source["Parameters"]["Runbooks"] |= {"AllowedPattern": pattern} if pattern else {}
    broken = Stack.of_source(stack.text, source)
    assert list(alarms.runbooks_are_linked_by_an_absolute_address(broken))


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARN", "ERROR"])
def test_s_137_metrics_are_kept_at_every_log_level_by_text_and_by_json_up_to_info(stack: Stack, level: str) -> None:
    logs = {name: function["LoggingConfig"] for name, function in stack.all(FUNCTION).items()}
    assert logs
    assert [name for name, each in logs.items() if not alarms.keeps_metrics(each, level)] == []
    following = {"LogFormat": "JSON", "ApplicationLogLevel": {"Ref": "LogLevel"}}
    assert alarms.keeps_metrics(following, level) is (level in {"DEBUG", "INFO"})


def test_every_rule_is_broken_by_one_of_these_tests() -> None:
    broken = {rule for rule, _ in BREAKS}
    broken |= {
        rules.numbers_say_why,
        rules.parameters_and_outputs_are_described,
        alarms.runbooks_are_linked_by_an_absolute_address,
    }
    assert broken == set(RULES)


def test_every_section_of_the_runbooks_belongs_to_an_alarm(stack: Stack) -> None:
    linked = {alarm["AlarmDescription"]["Fn::Sub"].rpartition("#")[2] for alarm in stack.all(ALARM).values()}
    assert linked == alarms.runbook_sections()


def test_the_first_pipelines_queues_are_named_after_the_stack(stack: Stack) -> None:
    names = {name: stack.properties(name)["QueueName"] for name in ("S3Success", "S3Failure")}
    assert names == {
        "S3Success": {"Fn::Sub": "${AWS::StackName}-S3-success"},
        "S3Failure": {"Fn::Sub": "${AWS::StackName}-S3-failure"},
    }


def test_success_and_failure_use_all_four_kinds_of_destination(stack: Stack) -> None:
    used = {
        stack.type_of(name)
        for config in stack.all(INVOKE_CONFIG).values()
        for name in targets(config["DestinationConfig"])
    }
    assert used == {"AWS::SQS::Queue", "AWS::SNS::Topic", FUNCTION, "AWS::Events::EventBus"}


def test_s_026_one_function_has_a_dead_letter_queue_beside_its_destination(stack: Stack) -> None:
    with_both = {
        name
        for name, function in stack.all(FUNCTION).items()
        if "DeadLetterConfig" in function and name in asynchronous(stack)
    }
    assert with_both == {"ShipOrder"}


def test_only_order_files_may_be_read_and_only_by_their_function(stack: Stack) -> None:
    readers = {
        name
        for name in stack.all(FUNCTION)
        for statement in stack.statements(name)
        if "s3:GetObject" in as_list(statement["Action"])
    }
    assert readers == {"ImportOrders"}


def test_s_044_the_import_may_not_write_to_the_bucket_that_invokes_it(stack: Stack) -> None:
    actions = {
        action
        for statement in stack.statements("ImportOrders")
        for action in as_list(statement["Action"])
        if action.startswith("s3:")
    }
    assert actions == {"s3:GetObject", "s3:GetObjectVersion"}
