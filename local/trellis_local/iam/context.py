"""Service-specific condition keys that a call gives values to.

Each key with the parameters that it is read from; source: the "Condition keys" tables of the Service Authorization
Reference. A key that is not here has no value, so that a policy which asks for it does not match.
"""

from collections.abc import Mapping

from trellis_local.iam.request import ApiRequest, arns, removed_tag_keys, request_tags, tag_context, values

_LATTICE = "arn:aws:vpc-lattice:{region}:{account}:"

KEYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "vpc-lattice": {
        "vpc-lattice:VpcId": ("{vpcIdentifier}", "{config.vpcIdentifier}"),
        "vpc-lattice:SecurityGroupIds": ("{securityGroupIds[]}", "{securityGroupIdentifiers[]}"),
        "vpc-lattice:ServiceNetworkArn": (_LATTICE + "servicenetwork/{serviceNetworkIdentifier}",),
        "vpc-lattice:ServiceArn": (_LATTICE + "service/{serviceIdentifier}",),
        "vpc-lattice:AuthType": ("{authType}",),
        "vpc-lattice:Protocol": ("{protocol}",),
        "vpc-lattice:TargetGroupArns": (
            _LATTICE + "targetgroup/{action.forward.targetGroups[].targetGroupIdentifier}",
            _LATTICE + "targetgroup/{defaultAction.forward.targetGroups[].targetGroupIdentifier}",
        ),
    },
    "ec2": {"ec2:SecurityGroupID": ("{GroupId}",)},
    "eks": {
        "eks:principalArn": ("{principalArn}",),
        "eks:policyArn": ("{policyArn}",),
        "eks:kubernetesGroups": ("{kubernetesGroups[]}",),
        "eks:username": ("{username}",),
        "eks:accessEntryType": ("{type}",),
        "eks:accessScope": ("{accessScope.type}",),
        "eks:namespaces": ("{accessScope.namespaces[]}",),
        "eks:authenticationMode": ("{accessConfig.authenticationMode}",),
        "eks:bootstrapClusterCreatorAdminPermissions": ("{accessConfig.bootstrapClusterCreatorAdminPermissions}",),
    },
    "s3": {"s3:prefix": ("{Prefix}",), "s3:delimiter": ("{Delimiter}",), "s3:max-keys": ("{MaxKeys}",)},
    "cloudwatch": {"cloudwatch:namespace": ("{Namespace}",)},
    "iam": {"iam:PolicyARN": ("{PolicyArn}",), "iam:PermissionsBoundary": ("{PermissionsBoundary}",)},
    "sts": {"sts:ExternalId": ("{ExternalId}",), "sts:RoleSessionName": ("{RoleSessionName}",)},
    "events": {
        "events:source": ("{Entries[].Source}",),
        "events:detail-type": ("{Entries[].DetailType}",),
        "events:TargetArn": ("{Targets[].Arn}",),
    },
    "sns": {"sns:Endpoint": ("{Endpoint}",), "sns:Protocol": ("{Protocol}",)},
    "lambda": {"lambda:FunctionArn": ("{FunctionArn}",), "lambda:Principal": ("{Principal}",)},
}


def request_context(request: ApiRequest) -> dict[str, tuple[str, ...]]:
    """Every condition key that the parameters of the call give a value, in lower case."""
    context: dict[str, tuple[str, ...]] = {"aws:requestedregion": (request.region,)}
    context.update(tag_context(request_tags(request), removed_tag_keys(request)))
    for key, templates in KEYS.get(request.service, {}).items():
        found = tuple(value for template in templates for value in arns(request, template))
        if found:
            context[key.lower()] = found
    if request.service == "route53":
        context.update(_route53(request))
    return context


def _route53(request: ApiRequest) -> dict[str, tuple[str, ...]]:
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html"""
    changes = "ChangeBatch.Changes[]"
    names = values(request, f"{changes}.ResourceRecordSet.Name")
    context = {
        "route53:changeresourcerecordsetsnormalizedrecordnames": tuple(_normalized(name) for name in names),
        "route53:changeresourcerecordsetsrecordtypes": values(request, f"{changes}.ResourceRecordSet.Type"),
        "route53:changeresourcerecordsetsactions": values(request, f"{changes}.Action"),
        "route53:vpcs": tuple(
            f"VPCId={vpc_id},VPCRegion={region}"
            for vpc_id, region in zip(values(request, "VPC.VPCId"), values(request, "VPC.VPCRegion"), strict=False)
        ),
    }
    return {key: tuple(dict.fromkeys(found)) for key, found in context.items() if found}


def _normalized(name: str) -> str:
    plain = name.lower().removesuffix(".").replace("\\052", "*")
    return "".join(char if char.isalnum() or char in "-._" else f"\\{ord(char):03o}" for char in plain)
