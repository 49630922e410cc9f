"""The judge: from evidence and the moment to a verdict. Pure, and the same whatever the order of the evidence."""

from trellis.canary.evidence import Evidence
from trellis.canary.verdict import JudgeConfig, Moment, Verdict


def judge(config: JudgeConfig, evidence: Evidence, moment: Moment) -> Verdict:
    """The verdict on the step that bakes; the first reason in the order of urgency decides."""
    raise NotImplementedError
