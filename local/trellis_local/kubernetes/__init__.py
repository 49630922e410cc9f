"""The embedded Kubernetes API: one HTTPS server for each emulated EKS cluster, with the controllers Trellis relies on."""
