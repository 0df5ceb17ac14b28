"""What happened: the ring of log lines, one row a request, and the sums of hours."""
