"""Lambda functions as operating-system processes.

Each function runs its real handler file in processes of its own, with the environment, the credentials and the limits
that Lambda would give it. Docker is not used, and CPU and memory are not limited: a function is only told its
`MemorySize`. `pool.WorkerPool` is the entrance; `seam.LambdaSeam` makes the Lambda API of the local endpoint use it.
"""
