"""The kinds of AWS resources that Trellis keeps: each module observes, compares and changes one kind."""
