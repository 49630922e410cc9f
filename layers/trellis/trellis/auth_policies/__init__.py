"""Auth policy documents: whether they are sound, what they mean, and what their placeholders stand for. Pure functions.

The grammar is that of IAM's resource-based policies as far as VPC Lattice evaluates it.
https://docs.aws.amazon.com/vpc-lattice/latest/ug/auth-policies.html
"""

from trellis.auth_policies.checking import CheckedPolicy, check_policy, size_fault
from trellis.auth_policies.meaning import means_the_same
from trellis.auth_policies.placeholders import Resolved, resolve
from trellis.auth_policies.showing import shown

__all__ = ["CheckedPolicy", "Resolved", "check_policy", "means_the_same", "resolve", "shown", "size_fault"]
