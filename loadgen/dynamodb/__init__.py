"""How writes reach DynamoDB: the two writers, and what one request and its reply are."""
