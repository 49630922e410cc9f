"""Evidence as it is read: whole answers only, and a source that fails is named."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from canary_making import FIRST, request

from trellis.canary.evidence import MINUTE, AlarmState, Minute, TargetCounts
from trellis.resources.canary_evidence import read_alarms, read_evidence, read_targets
from trellis.resources.canary_metrics import Subjects, read_custom, read_series
from trellis.resources.metric_data import ForbiddenError, Period, UnreadableError, metric_data

PERIOD = Period(FIRST, FIRST + 600)
SUBJECTS = Subjects(("tg-1",), ("tg-2",), "svc-1")
Point = tuple[int, float]


def denied(code: str = "AccessDenied") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Call")


def result(query: str, *points: Point, status: str = "Complete") -> dict[str, Any]:
    times = [datetime.fromtimestamp(FIRST + at * MINUTE, UTC) for at, _ in points]
    return {"Id": query, "StatusCode": status, "Timestamps": times, "Values": [value for _, value in points]}


class CloudWatch:
    """Answers each call with the next page; `asked` are the calls."""

    def __init__(self, *pages: Sequence[Mapping[str, Any]] | Exception, alarms: Any = None) -> None:
        self._pages = list(pages)
        self._alarms = alarms or {}
        self.asked: list[dict[str, Any]] = []

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(dict(asked))
        page = self._pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return {"MetricDataResults": page, **({"NextToken": "more"} if self._pages else {})}

    def describe_alarms(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(dict(asked))
        if isinstance(self._alarms, Exception):
            raise self._alarms
        return {"MetricAlarms": [], "CompositeAlarms": [], **self._alarms}


class Metrics(CloudWatch):
    """Answers whatever is asked with the points of its metric and target group."""

    def __init__(self, values: Mapping[tuple[str, str], Sequence[Point]]) -> None:
        super().__init__()
        self._values = values

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(dict(asked))
        return {"MetricDataResults": [self._result(query) for query in asked["MetricDataQueries"]]}

    def _result(self, query: Mapping[str, Any]) -> dict[str, Any]:
        metric = query["MetricStat"]["Metric"]
        points = self._values.get((metric["Dimensions"][0]["Value"], metric["MetricName"]), ())
        return result(query["Id"], *points)


class Lattice:
    """Lists the targets of groups, one on each page."""

    def __init__(self, **groups: Sequence[str]) -> None:
        self._groups = {name.replace("_", "-"): statuses for name, statuses in groups.items()}

    def get_paginator(self, name: str) -> "Lattice":
        assert name == "list_targets"
        return self

    def paginate(self, *, targetGroupIdentifier: str) -> list[dict[str, Any]]:  # noqa: N803 - as boto3 has it
        return [{"items": [{"id": "10.0.0.1", "status": status}]} for status in self._groups[targetGroupIdentifier]]


class Clients:
    def __init__(self, cloudwatch: CloudWatch, lattice: Any = None) -> None:
        self.cloudwatch = cloudwatch
        self.lattice = lattice or Lattice(tg_1=["HEALTHY"], tg_2=["UNAVAILABLE"])


def whole(requests: float, failures: float, **more: float) -> dict[tuple[str, str], Sequence[Point]]:
    names = {"TotalRequestCount": requests, "HTTPCode_5XX_Count": failures, **more}
    return {("tg-2", name): ((0, value),) for name, value in names.items()}


def test_both_versions_are_read_in_one_call_by_target_group() -> None:
    cloudwatch = Metrics(
        {
            **whole(100, 3, HTTPCode_2XX_Count=80, HTTPCode_3XX_Count=10, HTTPCode_4XX_Count=7, RequestTime=12.5),
            ("tg-1", "TotalRequestCount"): (),
        }
    )
    assert read_series(cloudwatch, SUBJECTS, PERIOD) == ((), (Minute(FIRST, 100, 3, 7, 12.5, answers=100),))
    (asked,) = cloudwatch.asked
    assert asked["ScanBy"] == "TimestampAscending"
    stats = {
        (query["MetricStat"]["Metric"]["MetricName"], query["MetricStat"]["Stat"])
        for query in asked["MetricDataQueries"]
    }
    assert ("RequestTime", "p99") in stats
    assert ("TotalRequestCount", "Sum") in stats


def test_f38_connection_errors_of_all_kinds_are_failures_even_without_a_request() -> None:
    errors = {"ConnectionErrorCount": 5, "ConnectionTimeoutCount": 2, "TLSConnectionErrorCount": 1}
    only = {("tg-2", name): ((0, float(value)),) for name, value in errors.items()}
    assert read_series(Metrics(only), SUBJECTS, PERIOD)[1] == (Minute(FIRST, 0, 8, answers=0),)


def test_a_minute_without_its_5xx_count_is_not_known_to_be_good() -> None:
    assert read_series(Metrics({("tg-2", "TotalRequestCount"): ((0, 100.0),)}), SUBJECTS, PERIOD)[1] == ()


def test_f09_pages_are_put_together_and_the_last_status_counts() -> None:
    cloudwatch = CloudWatch([result("m", (0, 1.0), status="PartialData")], [result("m", (1, 2.0))])
    assert metric_data(cloudwatch, [{"Id": "m"}], PERIOD) == {"m": {FIRST: 1.0, FIRST + MINUTE: 2.0}}
    assert [asked.get("NextToken") for asked in cloudwatch.asked] == [None, "more"]


@pytest.mark.parametrize(
    ("pages", "error"),
    [
        ([[result("m", (0, 1.0), status="PartialData")]], UnreadableError),
        ([[result("m", status="InternalError")]], UnreadableError),
        ([[result("m", status="Forbidden")]], ForbiddenError),
        ([denied()], ForbiddenError),
        ([denied("InternalServiceFault")], UnreadableError),
        ([[result("m", (0, 1.0))], denied("Throttling")], UnreadableError),
        ([EndpointConnectionError(endpoint_url="https://monitoring")], UnreadableError),
    ],
)
def test_f09_half_an_answer_is_none(pages: list[Any], error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        metric_data(CloudWatch(*pages), [{"Id": "m"}], PERIOD)
    assert type(raised.value) is error


def test_points_without_a_number_are_left_out() -> None:
    found = metric_data(
        CloudWatch([result("m", (0, float("inf")), (1, float("nan")), (2, 3.0))]), [{"Id": "m"}], PERIOD
    )
    assert found == {"m": {FIRST + 2 * MINUTE: 3.0}}


def test_more_queries_than_a_call_takes_are_several_calls() -> None:
    cloudwatch = Metrics({})
    many = Subjects(tuple(f"tg-{number}" for number in range(56)), ())
    read_series(cloudwatch, many, PERIOD)
    assert [len(asked["MetricDataQueries"]) for asked in cloudwatch.asked] == [500, 4]


def test_f09_a_query_without_an_answer_or_with_two_is_no_data() -> None:
    for page in ([], [{**result("m"), "Label": "a"}, {**result("m"), "Label": "b"}]):
        with pytest.raises(UnreadableError):
            metric_data(CloudWatch(page), [{"Id": "m"}], PERIOD)


def test_f43_metrics_of_another_account_are_asked_for_by_its_id() -> None:
    cloudwatch = Metrics({})
    read_series(cloudwatch, Subjects(("tg-1",), ("tg-2",), account="222233334444"), PERIOD)
    assert {query["AccountId"] for query in cloudwatch.asked[0]["MetricDataQueries"]} == {"222233334444"}


def test_f13_alarms_that_cannot_be_described_are_not_ok() -> None:
    with pytest.raises(UnreadableError):
        read_alarms(CloudWatch(alarms=denied("InternalFailure")), ["a"])


def test_f12_metric_and_composite_alarms_are_read_and_missing_ones_told() -> None:
    when = datetime.fromtimestamp(FIRST, UTC)
    metric = {"AlarmName": "a", "StateValue": "OK", "StateUpdatedTimestamp": when, "ActionsEnabled": False}
    composite = {"AlarmName": "b", "StateValue": "ALARM", "StateTransitionedTimestamp": when, "ActionsEnabled": True}
    cloudwatch = CloudWatch(alarms={"MetricAlarms": [metric], "CompositeAlarms": [composite]})
    assert read_alarms(cloudwatch, ["b", "a", "c"]) == (
        AlarmState("b", "ALARM", FIRST),
        AlarmState("a", "OK", FIRST, actions_enabled=False),
        AlarmState("c", "MISSING"),
    )
    assert cloudwatch.asked[0]["AlarmTypes"] == ["MetricAlarm", "CompositeAlarm"]


def test_no_alarms_are_no_call() -> None:
    cloudwatch = CloudWatch()
    assert read_alarms(cloudwatch, []) == ()
    assert cloudwatch.asked == []


def test_f22_targets_of_all_groups_are_counted_by_status() -> None:
    lattice: Any = Lattice(
        tg_1=["HEALTHY", "UNHEALTHY"], tg_2=["HEALTHY", "INITIAL", "DRAINING", "UNUSED", "UNAVAILABLE"]
    )
    assert read_targets(lattice, ["tg-1", "tg-2"]) == TargetCounts(2, 1, 1, 1, 1, 1)


def own_metric(text: str = "${service}/${canaryTg}") -> Any:
    query = {"Id": "m", "Expression": f"SEARCH('{text}')", "Label": "${PROP('Period')}"}
    custom = {"name": "own", "metricDataQueries": [query], "direction": "higher", "max": 1}
    return request(analysis={"custom": [custom]})


def test_a_query_of_the_operators_own_names_service_and_versions() -> None:
    cloudwatch = CloudWatch([result("m", (0, 2.0))])
    (metric,) = own_metric().analysis.custom
    assert read_custom(cloudwatch, metric, SUBJECTS, PERIOD) == {FIRST: 2.0}
    assert cloudwatch.asked[0]["MetricDataQueries"][0]["Expression"] == "SEARCH('svc-1/tg-2')"


def test_a_version_with_two_target_groups_has_no_name_in_a_query() -> None:
    (metric,) = own_metric().analysis.custom
    with pytest.raises(UnreadableError):
        read_custom(CloudWatch(), metric, Subjects(("tg-1",), ("tg-2", "tg-3")), PERIOD)


def evidence(cloudwatch: CloudWatch, asked: Any = None) -> Any:
    clients: Any = Clients(cloudwatch)
    return read_evidence(clients, asked or request(), SUBJECTS, PERIOD, captured=(Minute(0, 1, 0),))


def test_all_sources_are_read() -> None:
    found = evidence(Metrics(whole(100, 3)))
    assert found.canary == (Minute(FIRST, 100, 3, answers=3),)
    assert (found.baseline_targets.serving, found.canary_targets.serving) == (1, 1)
    assert (found.captured, found.unreadable) == ((Minute(0, 1, 0),), ())


def test_f09_a_source_that_fails_is_named_and_the_others_count() -> None:
    found = evidence(CloudWatch(denied()), request(alarms={"names": ["a"]}))
    assert found.unreadable == ("metrics",)
    assert found.causes == ("metrics: AccessDenied: no",)
    assert found.alarms == (AlarmState("a", "MISSING"),)
    found = evidence(CloudWatch(denied("Throttling"), denied("Throttling")), own_metric())
    assert found.unreadable == ("metrics", "custom")
