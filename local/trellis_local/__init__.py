"""The local stack: AWS, clusters and traffic on one machine, so that Trellis can be tried, tested and trusted."""
