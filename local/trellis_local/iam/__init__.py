"""IAM for the local stack: which actions a call needs, and whether policies allow them."""
