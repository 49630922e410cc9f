"""Deployer of the local stack: the project's own SAM template becomes resources on the AWS endpoint."""
