"""PartiQL: statements, translated to the conditions, updates and projections of expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html A sentence that is not on that page
is that of AWS's DynamoDB Local 3.3.1.
"""
