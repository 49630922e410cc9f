"""What runs inside the functions' processes: nothing here imports the rest of the stack, moto or the product."""
