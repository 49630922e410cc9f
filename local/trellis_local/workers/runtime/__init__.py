"""What runs inside the functions' processes: nothing here may import the rest of the local stack, moto or the product."""
