"""The Firehose transform: only what ships in the Lambda's zip."""
