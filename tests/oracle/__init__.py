"""AWS's DynamoDB Local as an oracle of the sandbox's engine: generated calls to both, with compared responses."""
