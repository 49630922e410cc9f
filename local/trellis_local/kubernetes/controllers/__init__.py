"""The built-in controllers Trellis relies on, driven by store events in the writer's thread."""
