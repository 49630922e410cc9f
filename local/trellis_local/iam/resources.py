"""Which resource ARNs an action is checked against, for each service that the product uses.

Rows come from the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html,
page "Actions, resources, and condition keys for <service>"). A row of BY_ACTION names all resources of an action. Other
actions take the first template of BY_PARAMETERS whose parameters the call has, and `*` when there is none.
"""

from collections.abc import Mapping

_LATTICE = "arn:aws:vpc-lattice:{region}:{account}:"
_LISTENER = _LATTICE + "service/{serviceIdentifier}/listener/"
_EC2 = "arn:aws:ec2:{region}:{account}:"
_EKS = "arn:aws:eks:{region}:{account}:"
_STATES = "arn:aws:states:{region}:{account}:"
_LAMBDA = "arn:aws:lambda:{region}:{account}:"
_EVENTS = "arn:aws:events:{region}:{account}:"
_DYNAMODB = "arn:aws:dynamodb:{region}:{account}:table/"
_LOGS = "arn:aws:logs:{region}:{account}:log-group:"
_IAM = "arn:aws:iam::{account}:"
_S3 = "arn:aws:s3:::"
_SCHEDULER = "arn:aws:scheduler:{region}:{account}:"

EVERYTHING = ("*",)

BY_ACTION: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # list_amazonvpclattice.html: every List action but ListTargets is checked against `*`.
    "vpc-lattice": {
        **dict.fromkeys(
            (
                "ListAccessLogSubscriptions",
                "ListDomainVerifications",
                "ListListeners",
                "ListResourceConfigurations",
                "ListResourceEndpointAssociations",
                "ListResourceGateways",
                "ListRules",
                "ListServiceNetworkResourceAssociations",
                "ListServiceNetworkServiceAssociations",
                "ListServiceNetworkVpcAssociations",
                "ListServiceNetworkVpcEndpointAssociations",
                "ListServiceNetworks",
                "ListServices",
                "ListTagsForResource",
                "ListTargetGroups",
            ),
            EVERYTHING,
        ),
        "CreateService": (_LATTICE + "service/*",),
        "CreateServiceNetwork": (_LATTICE + "servicenetwork/*",),
        "CreateTargetGroup": (_LATTICE + "targetgroup/*",),
        "CreateListener": (_LISTENER + "*",),
        "CreateRule": (_LISTENER + "{listenerIdentifier}/rule/*",),
        "CreateServiceNetworkServiceAssociation": (
            _LATTICE + "servicenetworkserviceassociation/*",
            _LATTICE + "service/{serviceIdentifier}",
            _LATTICE + "servicenetwork/{serviceNetworkIdentifier}",
        ),
        "CreateServiceNetworkVpcAssociation": (
            _LATTICE + "servicenetworkvpcassociation/*",
            _LATTICE + "servicenetwork/{serviceNetworkIdentifier}",
        ),
        "CreateResourceGateway": (_LATTICE + "resourcegateway/*",),
        "CreateResourceConfiguration": (_LATTICE + "resourceconfiguration/*",),
        "CreateServiceNetworkResourceAssociation": (
            _LATTICE + "servicenetworkresourceassociation/*",
            _LATTICE + "resourceconfiguration/{resourceConfigurationIdentifier}",
            _LATTICE + "servicenetwork/{serviceNetworkIdentifier}",
        ),
        "StartDomainVerification": (_LATTICE + "domainverification/*",),
        "CreateAccessLogSubscription": (_LATTICE + "accesslogsubscription/*",),
        # Not a row of the page: the batch is authorized as the single update on each of its rules.
        "BatchUpdateRule": (_LISTENER + "{listenerIdentifier}/rule/{rules[].ruleIdentifier}",),
    },
    # list_amazonec2.html
    "ec2": {
        "CreateSecurityGroup": (_EC2 + "security-group/*", _EC2 + "vpc/{VpcId}"),
        "CreateVpc": (_EC2 + "vpc/*",),
        "CreateSubnet": (_EC2 + "subnet/*", _EC2 + "vpc/{VpcId}"),
        "CreateManagedPrefixList": (_EC2 + "prefix-list/*",),
        "DeleteVpc": (_EC2 + "vpc/{VpcId}",),
        "ModifyVpcAttribute": (_EC2 + "vpc/{VpcId}",),
        "DeleteSubnet": (_EC2 + "subnet/{SubnetId}",),
        "DeleteSecurityGroup": (_EC2 + "security-group/{GroupId}",),
        "AuthorizeSecurityGroupIngress": (_EC2 + "security-group/{GroupId}",),
        "AuthorizeSecurityGroupEgress": (_EC2 + "security-group/{GroupId}",),
        "RevokeSecurityGroupIngress": (_EC2 + "security-group/{GroupId}",),
        "RevokeSecurityGroupEgress": (_EC2 + "security-group/{GroupId}",),
        "UpdateSecurityGroupRuleDescriptionsIngress": (_EC2 + "security-group/{GroupId}",),
        "UpdateSecurityGroupRuleDescriptionsEgress": (_EC2 + "security-group/{GroupId}",),
        "ModifySecurityGroupRules": (
            _EC2 + "security-group/{GroupId}",
            _EC2 + "security-group-rule/{SecurityGroupRules[].SecurityGroupRuleId}",
        ),
        "GetManagedPrefixListEntries": (_EC2 + "prefix-list/{PrefixListId}",),
        "ModifyManagedPrefixList": (_EC2 + "prefix-list/{PrefixListId}",),
        "DeleteManagedPrefixList": (_EC2 + "prefix-list/{PrefixListId}",),
    },
    # list_amazonelastickubernetesservice.html
    "eks": {"CreateCluster": EVERYTHING, "CreateAccessEntry": (_EKS + "cluster/{clusterName}",)},
    # list_amazonroute53.html
    "route53": {
        "CreateHostedZone": EVERYTHING,
        "ListHostedZones": EVERYTHING,
        "ListHostedZonesByName": EVERYTHING,
        "ListHostedZonesByVPC": EVERYTHING,
        "GetChange": ("arn:aws:route53:::change/{Id:last}",),
    },
    # list_awsstepfunctions.html
    "states": {
        "SendTaskSuccess": EVERYTHING,
        "SendTaskFailure": EVERYTHING,
        "SendTaskHeartbeat": EVERYTHING,
        "CreateActivity": (_STATES + "activity:{name}",),
        "ListMapRuns": ("{executionArn}",),
    },
    # list_awslambda.html
    "lambda": {
        "CreateEventSourceMapping": EVERYTHING,
        "ListEventSourceMappings": EVERYTHING,
        "ListLayerVersions": EVERYTHING,
        "PublishLayerVersion": (_LAMBDA + "layer:{LayerName}",),
        "GetLayerVersionByArn": ("{Arn}",),
    },
    # list_amazoncloudwatchlogs.html; policies on a group need the `:*` that also matches its streams.
    "logs": {"DescribeLogGroups": (_LOGS + ":log-stream:",)},
    # list_amazondynamodb.html
    "dynamodb": {
        "BatchGetItem": (_DYNAMODB + "{RequestItems{}}",),
        "BatchWriteItem": (_DYNAMODB + "{RequestItems{}}",),
    },
    # list_amazonsns.html
    "sns": {"Unsubscribe": EVERYTHING},
    # list_amazoncloudwatch.html
    "cloudwatch": {
        "PutMetricAlarm": ("arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}",),
        "PutMetricData": EVERYTHING,
    },
    # list_awscertificatemanager.html
    "acm": {"RequestCertificate": EVERYTHING},
}

BY_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "vpc-lattice": (
        _LISTENER + "{listenerIdentifier}/rule/{ruleIdentifier}",
        _LISTENER + "{listenerIdentifier}",
        _LATTICE + "service/{serviceIdentifier}",
        _LATTICE + "servicenetwork/{serviceNetworkIdentifier}",
        _LATTICE + "targetgroup/{targetGroupIdentifier}",
        _LATTICE + "servicenetworkserviceassociation/{serviceNetworkServiceAssociationIdentifier}",
        _LATTICE + "servicenetworkvpcassociation/{serviceNetworkVpcAssociationIdentifier}",
        _LATTICE + "servicenetworkresourceassociation/{serviceNetworkResourceAssociationIdentifier}",
        _LATTICE + "resourceendpointassociation/{resourceEndpointAssociationIdentifier}",
        _LATTICE + "resourceconfiguration/{resourceConfigurationIdentifier}",
        _LATTICE + "resourcegateway/{resourceGatewayIdentifier}",
        _LATTICE + "domainverification/{domainVerificationIdentifier}",
        _LATTICE + "accesslogsubscription/{accessLogSubscriptionIdentifier}",
        "{resourceArn}",
    ),
    "eks-auth": (_EKS + "cluster/{clusterName}",),
    "eks": (_EKS + "cluster/{name}", _EKS + "cluster/{clusterName}", "{resourceArn}"),
    "route53": (
        "arn:aws:route53:::hostedzone/{HostedZoneId:last}",
        "arn:aws:route53:::{ResourceType}/{ResourceIds[]:last}",
        "arn:aws:route53:::{ResourceType}/{ResourceId:last}",
        "arn:aws:route53:::hostedzone/{Id:last}",
    ),
    "states": (
        "{stateMachineArn}",
        "{executionArn}",
        "{mapRunArn}",
        "{activityArn}",
        "{resourceArn}",
        _STATES + "stateMachine:{name}",
    ),
    "lambda": (
        _LAMBDA + "layer:{LayerName}:{VersionNumber}",
        _LAMBDA + "function:{FunctionName}",
        _LAMBDA + "event-source-mapping:{UUID}",
        "{Resource}",
    ),
    "logs": (
        _LOGS + "{logGroupName}:log-stream:{logStreamName}",
        _LOGS + "{logGroupName}:log-stream:",
        _LOGS + "{logGroupNames[]}:log-stream:",
        "{resourceArn}",
    ),
    "dynamodb": (
        _DYNAMODB + "{TableName}/index/{IndexName}",
        _DYNAMODB + "{TableName}",
        "{ResourceArn}",
        "{StreamArn}",
    ),
    "s3": (_S3 + "{Bucket}/{Key}", _S3 + "{Bucket}"),
    "sqs": ("arn:aws:sqs:{region}:{account}:{QueueUrl:last}", "arn:aws:sqs:{region}:{account}:{QueueName}"),
    "sns": ("{TopicArn}", "{ResourceArn}", "arn:aws:sns:{region}:{account}:{Name}"),
    "iam": (
        _IAM + "role{Path}{RoleName}",
        _IAM + "role/{RoleName}",
        _IAM + "user/{UserName}",
        _IAM + "group/{GroupName}",
        "{PolicyArn}",
        _IAM + "policy{Path}{PolicyName}",
        _IAM + "policy/{PolicyName}",
        _IAM + "instance-profile/{InstanceProfileName}",
        "{OpenIDConnectProviderArn}",
    ),
    "sts": ("{RoleArn}",),
    "acm": ("{CertificateArn}",),
    "kms": ("arn:aws:kms:{region}:{account}:key/{KeyId}",),
    "ssm": (
        "arn:aws:ssm:{region}:{account}:parameter/{Name:bare}",
        "arn:aws:ssm:{region}:{account}:parameter/{Names[]:bare}",
        "arn:aws:ssm:{region}:{account}:parameter/{Path:bare}",
    ),
    "scheduler": (
        _SCHEDULER + "schedule/{GroupName}/{Name}",
        _SCHEDULER + "schedule/default/{Name}",
        "{ResourceArn}",
    ),
    "cloudwatch": ("arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmNames[]}", "{ResourceARN}"),
    "events": (
        _EVENTS + "rule/{EventBusName}/{Rule}",
        _EVENTS + "rule/{Rule}",
        "{ResourceARN}",
    ),
}
