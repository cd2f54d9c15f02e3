"""What a flow can measure: one file or folder per entry, each with its findings and its section of the report."""
