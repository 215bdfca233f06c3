"""The two writers, which send writes to DynamoDB, and the model of a request and its reply."""
