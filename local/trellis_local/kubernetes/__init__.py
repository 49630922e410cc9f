"""The embedded Kubernetes API: one HTTPS server for each emulated EKS cluster, with its built-in controllers."""

from trellis_local.kubernetes.kubeconfig import write_kubeconfig as write_kubeconfig
from trellis_local.kubernetes.launcher import KubernetesLauncher as KubernetesLauncher
from trellis_local.kubernetes.pods import PodDirectory as PodDirectory
