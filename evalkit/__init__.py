"""evalkit: evaluations of probation and rehabilitation services, from extract to report."""
