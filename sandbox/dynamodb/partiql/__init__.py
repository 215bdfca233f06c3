"""PartiQL: statements, translated to the conditions, updates and projections of expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
Where that page gives no sentence, it is that of AWS's DynamoDB Local 3.3.1.
"""
