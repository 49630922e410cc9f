"""Calls that are authorized as other actions, or on resources that no template can name."""

import re
from collections.abc import Callable, Mapping

from trellis_local.iam.context import request_context
from trellis_local.iam.request import ApiRequest, Requirement, arns, values

_PARTIQL_ACTIONS = {"select": "Select", "insert": "Insert", "update": "Update", "delete": "Delete"}
_LATTICE_PREFIXES = {"svc-": "service", "sn-": "servicenetwork", "rcfg-": "resourceconfiguration"}


def _dynamodb_transaction(request: ApiRequest) -> list[Requirement]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""
    actions = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
    actions["Get"] = "GetItem"
    context = {**request_context(request), "dynamodb:enclosingoperation": (request.operation,)}
    return [
        Requirement(f"dynamodb:{action}", (_table(request, item[member]["TableName"]),), context)
        for item in request.parameters.get("TransactItems") or ()
        for member, action in actions.items()
        if item.get(member)
    ]


def _table(request: ApiRequest, name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:dynamodb:{request.region}:{request.account}:table/{name}"


def _s3_copy(request: ApiRequest) -> list[Requirement]:
    source = str(request.parameters.get("CopySource", "")).split("?")[0].lstrip("/")
    context = request_context(request)
    return [
        Requirement("s3:GetObject", (f"arn:aws:s3:::{source}",), context),
        Requirement("s3:PutObject", arns(request, "arn:aws:s3:::{Bucket}/{Key}"), context),
    ]


def _s3_delete_objects(request: ApiRequest) -> list[Requirement]:
    return [
        Requirement("s3:DeleteObject", arns(request, "arn:aws:s3:::{Bucket}/{Delete.Objects[].Key}"), {}),
    ]


def _s3_versioned(request: ApiRequest) -> list[Requirement]:
    """A call that names a version is another action."""
    action = request.operation.replace("Head", "Get")
    if request.parameters.get("VersionId"):
        action = re.sub(r"Object", "ObjectVersion", action)
    return [Requirement(f"s3:{action}", arns(request, "arn:aws:s3:::{Bucket}/{Key}"), request_context(request))]


def _event_rule(request: ApiRequest) -> list[Requirement]:
    """Rules of the default bus have no bus name in their ARN."""
    name = (values(request, "Rule") or values(request, "Name"))[0]
    bus = next(iter(values(request, "EventBusName")), "default").rsplit("/", 1)[-1]
    rule = name if bus == "default" else f"{bus}/{name}"
    arn = f"arn:aws:events:{request.region}:{request.account}:rule/{rule}"
    return [Requirement(f"events:{request.operation}", (arn,), request_context(request))]


def _put_events(request: ApiRequest) -> list[Requirement]:
    prefix = f"arn:aws:events:{request.region}:{request.account}:event-bus/"
    buses = {str(entry.get("EventBusName") or "default") for entry in request.parameters.get("Entries") or ()}
    resources = tuple(bus if bus.startswith("arn:") else prefix + bus for bus in sorted(buses))
    return [Requirement("events:PutEvents", resources, request_context(request))]


def _event_bus(request: ApiRequest) -> list[Requirement]:
    resources = arns(request, "arn:aws:events:{region}:{account}:event-bus/{Name}")
    return [Requirement(f"events:{request.operation}", resources or ("*",), request_context(request))]


def _lattice_policy(request: ApiRequest) -> list[Requirement]:
    """Auth and resource policies belong to a service or a service network, told apart by their ids."""
    identifier = next(iter(values(request, "resourceIdentifier") or values(request, "resourceArn")), "*")
    kinds = [kind for prefix, kind in _LATTICE_PREFIXES.items() if identifier.startswith(prefix)]
    prefix = f"arn:aws:vpc-lattice:{request.region}:{request.account}:"
    resource = identifier if identifier.startswith("arn:") else f"{prefix}{kinds[0] if kinds else '*'}/{identifier}"
    return [Requirement(f"vpc-lattice:{request.operation}", (resource,), request_context(request))]


def _access_entry(request: ApiRequest) -> list[Requirement]:
    """The ARN of an access entry ends with a UUID, which the caller cannot know: `*` stands for it."""
    cluster = next(iter(values(request, "clusterName")), "*")
    principal = next(iter(values(request, "principalArn")), ":::::*/*")
    account, path = principal.split(":", 5)[4:]
    kind, name = path.split("/")[0], path.rsplit("/", 1)[-1]
    arn = f"arn:aws:eks:{request.region}:{request.account}:access-entry/{cluster}/{kind}/{account}/{name}/*"
    return [Requirement(f"eks:{request.operation}", (arn,), request_context(request))]


def _pod_identity(request: ApiRequest) -> list[Requirement]:
    """list_amazonelastickubernetesservice.html: all but the creation and the list are about one association."""
    resources = arns(request, "arn:aws:eks:{region}:{account}:podidentityassociation/{clusterName}/{associationId}")
    return [Requirement(f"eks:{request.operation}", resources or ("*",), request_context(request))]


def _ec2_tags(request: ApiRequest) -> list[Requirement]:
    kinds = {"sg": "security-group", "sgr": "security-group-rule", "pl": "prefix-list", "i": "instance"}
    resources = []
    for identifier in values(request, "Resources[]"):
        prefix = identifier.rpartition("-")[0]
        resources.append(f"arn:aws:ec2:{request.region}:{request.account}:{kinds.get(prefix, prefix)}/{identifier}")
    return [Requirement(f"ec2:{request.operation}", tuple(resources) or ("*",), request_context(request))]


def _tagging(request: ApiRequest) -> list[Requirement]:
    """The tagging action of the service is needed too (resourcegroupstagging API_TagResources.html)."""
    add = request.operation == "TagResources"
    context = request_context(request)
    needed = [Requirement(f"tag:{request.operation}", ("*",), context)]
    for arn in values(request, "ResourceARNList[]"):
        service = arn.split(":")[2]
        verbs = ("CreateTags", "DeleteTags") if service == "ec2" else ("TagResource", "UntagResource")
        needed.append(Requirement(f"{service}:{verbs[0] if add else verbs[1]}", (arn,), context))
    return needed


def _partiql(request: ApiRequest) -> list[Requirement]:
    needed = []
    for text in (*values(request, "Statement"), *values(request, "Statements[].Statement")):
        verb = text.split(None, 1)[0].lower()
        quoted = re.search(r'(?:from|into|update)\s+"?([A-Za-z0-9_.-]{3,255})"?', text, re.IGNORECASE)
        resource = _table(request, quoted.group(1)) if quoted else "*"
        action = f"dynamodb:PartiQL{_PARTIQL_ACTIONS.get(verb, 'Select')}"
        needed.append(Requirement(action, (resource,), request_context(request)))
    return needed


Special = Callable[[ApiRequest], list[Requirement]]

SPECIAL_CASES: Mapping[tuple[str, str], Special] = {
    ("dynamodb", "TransactWriteItems"): _dynamodb_transaction,
    ("dynamodb", "TransactGetItems"): _dynamodb_transaction,
    ("dynamodb", "ExecuteStatement"): _partiql,
    ("dynamodb", "BatchExecuteStatement"): _partiql,
    ("s3", "CopyObject"): _s3_copy,
    ("s3", "UploadPartCopy"): _s3_copy,
    ("s3", "DeleteObjects"): _s3_delete_objects,
    ("s3", "GetObject"): _s3_versioned,
    ("s3", "HeadObject"): _s3_versioned,
    ("s3", "DeleteObject"): _s3_versioned,
    ("events", "PutEvents"): _put_events,
    **dict.fromkeys(
        [
            ("events", name)
            for name in (
                "PutRule",
                "DeleteRule",
                "DescribeRule",
                "EnableRule",
                "DisableRule",
                "PutTargets",
                "RemoveTargets",
                "ListTargetsByRule",
            )
        ],
        _event_rule,
    ),
    **dict.fromkeys(
        [("events", name) for name in ("CreateEventBus", "DeleteEventBus", "DescribeEventBus")],
        _event_bus,
    ),
    **dict.fromkeys(
        [("vpc-lattice", f"{verb}{kind}Policy") for verb in ("Put", "Get", "Delete") for kind in ("Auth", "Resource")],
        _lattice_policy,
    ),
    **dict.fromkeys(
        [("eks", f"{verb}PodIdentityAssociation") for verb in ("Describe", "Update", "Delete")],
        _pod_identity,
    ),
    **dict.fromkeys(
        [
            ("eks", name)
            for name in (
                "DescribeAccessEntry",
                "UpdateAccessEntry",
                "DeleteAccessEntry",
                "AssociateAccessPolicy",
                "DisassociateAccessPolicy",
                "ListAssociatedAccessPolicies",
            )
        ],
        _access_entry,
    ),
    ("ec2", "CreateTags"): _ec2_tags,
    ("ec2", "DeleteTags"): _ec2_tags,
    ("tag", "TagResources"): _tagging,
    ("tag", "UntagResources"): _tagging,
}
