"""What Trellis remembers: the registry of clusters and the leases (DynamoDB), and its documents (S3)."""
