"""An open-loop load generator for DynamoDB: `python -m loadgen --rps 500`."""
