"""AWS Step Functions: moto's interpreter with its gaps closed, JSONata only.

`install.StepFunctions` connects the interpreter with the stack. What the interpreter would do wrongly without a word is
refused when a state machine is created (`definition_check`): nothing that a machine asks for is skipped.
"""
