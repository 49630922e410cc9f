"""Trellis: application networking over Amazon VPC Lattice for fleets of Amazon EKS clusters."""
