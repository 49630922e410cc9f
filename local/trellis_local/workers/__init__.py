"""Lambda functions as operating-system processes.

Each function runs its real handler file in processes of its own, with the environment, the credentials and the limits
that Lambda would give it. Docker is not used, and CPU and memory are not limited: `MemorySize` is only told to the function.
`pool.WorkerPool` is the entrance, `seam.install` makes the Lambda API of the local endpoint use it.
"""
