"""What a run has found and done, as documents, messages and pages (pure: no AWS, no clock)."""
