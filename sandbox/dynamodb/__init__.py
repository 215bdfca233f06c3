"""DynamoDB's data plane: all the processing between a request's JSON and its response's.

The package is independent of HTTP servers, moto and streams: a table (`table.Table`) is a schema, a store of items, and
a function that is called with every change. `operations` is the entry point.

requests     the parameters of each operation, and AWS's errors for those of the wrong form
    values       attribute values: checked, normalized to DynamoDB's own form, measured
    expressions  the five kinds of expression: parsed with positions, checked, evaluated
    legacy       the parameters from before expressions, and
    partiql      statements: both are translated to the elements of expressions
    storage      items by key, in the order of Query and of Scan, and the secondary indexes
    operations   PutItem, Query, TransactWriteItems …

A sentence or an order of checks that AWS's own documentation lacks is that of AWS's DynamoDB Local 3.3.1 (Maven
Central, com.amazonaws:DynamoDBLocal) for expressions, or of two projects that recorded the service's responses:
mhart/dynalite (validations/, test/) and nubo-db/dynamodb-conformance.
"""
