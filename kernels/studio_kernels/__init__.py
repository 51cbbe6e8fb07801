"""Warm kernels: a fork server that has imported what kernels need, and kernels that are forks of it.

Imports nothing of `studio`, and with `fork_server.py` only the standard library and what the kernel's own environment
has: the fork server of another environment is this folder, run by that environment's Python.

    wire          how requester, fork server and kernel speak
    fork_server   the process that forks; `python fork_server.py …`
    warm_up       what it imports and builds before it serves
    forked        what a fork must mend about itself before it is a kernel
    pipe_kernel   a kernel whose messages go over a pair of sockets: built before the fork
    pipe_session  what that has in the place of sockets
    zmq_kernel    a kernel as everybody knows it, with four faults of ipykernel cured
    launcher      the same cures for a kernel that is spawned; `python launcher.py …`
    preloads      which libraries may be imported before the fork
    task_log      `logging` of a task's kernel, told apart from its outputs
    streams       what is printed, sent in pieces
    requester     asks a fork server for kernels (needs no ipykernel)
    host          starts a fork server and takes leave of it
    provisioner   gives forked kernels to any Jupyter client
"""
