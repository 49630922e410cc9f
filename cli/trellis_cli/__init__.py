"""The `trellis` command for people. It speaks to AWS APIs, never around them."""
