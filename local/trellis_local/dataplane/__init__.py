"""Real HTTP through emulated name resolution and VPC Lattice to simulated pods, for clients in any emulated VPC."""
