"""Puts the local stack together: AWS endpoint, clusters, functions and traffic, with Trellis deployed on it.

moto keeps its state in module globals, so a process runs one stack at a time.
"""

import tempfile
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from trellis_local import clock, lattice
from trellis_local.aws import acm
from trellis_local.aws.acm_events import CertificateEvents
from trellis_local.aws.cloudtrail import Trail
from trellis_local.aws.eks import install as install_eks
from trellis_local.aws.identity import Identity
from trellis_local.aws.server import AwsEndpoint
from trellis_local.aws.tag_changes import TagChanges
from trellis_local.dataplane.on_moto import data_plane
from trellis_local.dataplane.plane import DataPlane
from trellis_local.deploy.deployer import Deployment, Target, deploy
from trellis_local.events.bus import EventBus
from trellis_local.events.moto_seam import install as install_events
from trellis_local.events.schedules import Scheduler
from trellis_local.events.trace import trace_route
from trellis_local.faults import install as install_faults
from trellis_local.kubernetes import KubernetesLauncher, write_kubeconfig
from trellis_local.kubernetes.contract import ClusterSpec, RunningCluster
from trellis_local.lattice import view
from trellis_local.lattice.health import HealthChecker
from trellis_local.stepfunctions.install import StepFunctions
from trellis_local.workers.pool import WorkerPool
from trellis_local.workers.seam import LambdaSeam

ACCOUNT, REGION = "111122223333", "us-west-2"
GLOBAL_REGION = "us-east-1"


@dataclass(frozen=True)
class StackOptions:
    """How to start: `port` 0 takes a free one, `speed` 60 makes a minute of every second.

    `home` is the folder for what other programs read, such as the kubeconfig.
    """

    template: Path
    home: Path
    port: int = 0
    speed: float = 1.0
    parameters: dict[str, Any] = field(default_factory=dict)


class Stack:
    """A running stack; `start` returns when Trellis is deployed, `stop` leaves no process and no thread behind."""

    def __init__(self, options: StackOptions) -> None:
        self.options = options
        self.clusters: dict[str, RunningCluster] = {}
        self._lock = threading.Lock()
        self._closing = ExitStack()

    def start(self) -> "Stack":
        """Start everything and deploy the template; on failure what was started is stopped again."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        clock.use(clock.Clock(start=clock.current().start, speed=self.options.speed))
        self.options.home.mkdir(parents=True, exist_ok=True)
        lattice.install()
        self.endpoint = AwsEndpoint(port=self.options.port)
        self.endpoint.add_local_route("/_local/status", lambda request: (200, {"ready": False}))
        self.endpoint.start()
        self.identity = Identity(self.endpoint.url)
        self._closing.callback(self.endpoint.stop)
        self._closing.callback(install_faults(self.endpoint, self.clusters))
        self._closing.callback(acm.install(view.users_of_certificate))
        self._start_clusters()
        self._start_events()
        self._start_functions()
        self._start_traffic()
        target = Target(clients=self.identity.client, account=ACCOUNT, region=REGION)
        self.deployment: Deployment = deploy(self.options.template, target, parameters=self.options.parameters)
        self._deploy_forwarding()
        self._register_functions()
        self.scheduler.start()
        self._closing.callback(self.scheduler.stop)
        self.endpoint.add_local_route("/_local/status", lambda request: (200, self.status()))

    def stop(self) -> None:
        """Stop everything that was started, the last first."""
        self._closing.close()

    def status(self) -> dict[str, Any]:
        """What `GET /_local/status` answers."""
        now = clock.current()
        return {
            "ready": True,
            "account": ACCOUNT,
            "region": REGION,
            "kubeconfig": str(self.kubeconfig),
            "stateMachines": {
                arn.rsplit(":", 1)[-1]: arn for arn in self.deployment.arns.values() if ":stateMachine:" in arn
            },
            "clusters": {name: cluster.endpoint for name, cluster in sorted(self.clusters.items())},
            "dataplane": self.data_plane.ports(),
            "vpcLatticeCertificateAuthority": str(self.certificate_authority),
            "clock": {"time": now.now().isoformat(), "speed": now.speed},
        }

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig with one context for each cluster."""
        return (self.options.home / "kubeconfig").resolve()

    @property
    def certificate_authority(self) -> Path:
        """The certificate that clients of HTTPS listeners have to trust."""
        return (self.options.home / "vpc-lattice-ca.pem").resolve()

    def launch(self, spec: ClusterSpec) -> RunningCluster:
        """Start a cluster's Kubernetes API and list it in the kubeconfig (ClusterLauncher)."""
        running = self.launcher.launch(spec)
        with self._lock:
            self.clusters[spec.name] = running
            self._write_kubeconfig()
        return _Listed(running, self)

    def forget(self, name: str) -> None:
        """Take a stopped cluster out of the kubeconfig."""
        with self._lock:
            self.clusters.pop(name, None)
            self._write_kubeconfig()

    def _write_kubeconfig(self) -> None:
        write_kubeconfig(self.kubeconfig, list(self.clusters.values()))

    def _start_clusters(self) -> None:
        self.launcher = KubernetesLauncher()
        install_eks(self)
        self._closing.callback(self._stop_clusters)
        self._write_kubeconfig()

    def _stop_clusters(self) -> None:
        for cluster in list(self.clusters.values()):
            cluster.stop()

    def _start_events(self) -> None:
        self.bus = EventBus(self.identity)
        self._closing.callback(self.bus.stop)
        self._closing.callback(install_events(self.bus))
        self.scheduler = Scheduler(self.bus)
        tags = TagChanges()
        for trail in (Trail(self.bus.publish), Trail(self.bus.publish, tags.events_of, name="tag-changes")):
            trail.start()
            self.endpoint.on_completed(trail.observe)
            self._closing.callback(trail.stop)
        certificates = CertificateEvents(self.bus.publish, users=view.users_of_certificate, region=REGION)
        certificates.start()
        self._closing.callback(certificates.stop)
        self.endpoint.add_local_route("/_local/deliveries", trace_route(self.bus.trace))

    def _start_functions(self) -> None:
        self.functions = WorkerPool(
            endpoint_url=self.endpoint.url,
            region=REGION,
            account=ACCOUNT,
            clock=clock.current(),
            identity=self.identity,
        )
        self._closing.callback(self.functions.stop)
        unpacked = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="functions-"))
        seam = LambdaSeam(self.functions, unpacked=Path(unpacked))
        seam.install()
        self._closing.callback(seam.uninstall)
        self.step_functions = StepFunctions(
            endpoint_url=self.endpoint.url,
            account=ACCOUNT,
            region=REGION,
            identity=self.identity,
            publish=self.bus.publish,
        )
        self.step_functions.install()
        self._closing.callback(self.step_functions.stop)

    def _start_traffic(self) -> None:
        self.data_plane: DataPlane = data_plane(view=view, pods=self.launcher.pods, region=REGION)
        self.certificate_authority.write_text(self.data_plane.authority_pem)
        self.data_plane.start()
        self._closing.callback(self.data_plane.stop)
        checker = HealthChecker(self.data_plane.probe)
        checker.start()
        self._closing.callback(checker.stop)

    def _deploy_forwarding(self) -> None:
        """What stands beside the template for the region of global services, as `sam deploy --region` would."""
        template = self.options.template.with_name(f"template-{GLOBAL_REGION}.yaml")
        if template.exists():
            clients = partial(self.identity.client, region=GLOBAL_REGION)
            target = Target(clients=clients, stack="trellis-forwarding", account=ACCOUNT, region=GLOBAL_REGION)
            deploy(template, target, parameters={"TargetRegion": REGION})

    def _register_functions(self) -> None:
        for source in self.deployment.functions.values():
            self.functions.register(source)


class _Listed:
    """A running cluster that leaves the kubeconfig when it is stopped."""

    def __init__(self, running: RunningCluster, stack: Stack) -> None:
        self._running = running
        self._stack = stack

    def __getattr__(self, name: str) -> Any:
        return getattr(self._running, name)

    def stop(self) -> None:
        self._stack.forget(self._running.name)
        self._running.stop()
