"""What surrounds the functions: the command line, the local stack, SQL, deployment."""
