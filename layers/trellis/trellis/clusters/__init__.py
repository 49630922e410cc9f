"""The clusters' Kubernetes APIs: token, reads, status writes, and what Trellis installs there once."""
