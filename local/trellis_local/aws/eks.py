"""Puts the local EKS in the place of moto's."""

from collections.abc import Callable

from trellis_local.aws import moto_seam as moto
from trellis_local.aws.eks_backend import LocalEksBackend
from trellis_local.aws.eks_clusters import StateTimes
from trellis_local.kubernetes.contract import ClusterLauncher

__all__ = ["StateTimes", "install"]


def install(launcher: ClusterLauncher, *, times: StateTimes | None = None) -> Callable[[], None]:
    """Let EKS clusters be started by `launcher`; call the result to stop them all and put moto's EKS back.

    Must happen before the first EKS request, because moto keeps the routes that it finds then.
    """

    class ConfiguredEksBackend(LocalEksBackend):
        SERVICE_NAMESPACE = "eks"

    ConfiguredEksBackend.launcher = launcher
    ConfiguredEksBackend.times = times or StateTimes()
    undo = moto.install_eks(ConfiguredEksBackend)

    def uninstall() -> None:
        for regions in list(moto.eks_backends.values()):
            for backend in list(regions.values()):
                backend.stop_all()
        undo()

    return uninstall
