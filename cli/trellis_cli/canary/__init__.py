"""`trellis canary`: canary shifts for people; it starts the state machine, shows how far it is and gives commands."""
