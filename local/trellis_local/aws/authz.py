"""IAM enforcement: the caller's policies against everything that the call needs.

Identity policies, permissions boundaries and trust policies are enforced; policies of resources, organizations and sessions are
not. The answer to a refused call is the service's own, in the protocol of the call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trellis_local.aws import clock_context, moto_seam as moto
from trellis_local.aws.identity import Principal
from trellis_local.aws.wire import AwsError, WireCall
from trellis_local.iam.actions import requirements
from trellis_local.iam.evaluator import Access, Statement, Verdict, evaluate_with_boundary, parse_policy
from trellis_local.iam.request import ApiRequest, Requirement
from trellis_local.iam.trust import Caller, Trust, trust_of
