"""The Firehose transform: what ships in the Lambda's zip, and nothing else."""
