"""What the functions do: each module is one part of a run, put together from the packages below."""
