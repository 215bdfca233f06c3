"""DynamoDB's data plane: everything that an item goes through between a request's JSON and an answer's.

It stands on its own. It knows no HTTP server, no moto and no stream: a table
(`table.Table`) is a schema, a store of items, and a function that is called
with every change. `operations` is the way in.

    requests     the parameters of each operation, and what AWS says when they have the wrong form
    values       attribute values: checked, brought to DynamoDB's own form, measured
    expressions  the five kinds of expression: parsed with positions, checked, evaluated
    legacy       the parameters from before expressions, and
    partiql      statements: both are translated to what the expressions are made of
    storage      items by key, in the order of Query and of Scan, and the secondary indexes
    operations   PutItem, Query, TransactWriteItems …

Where AWS's own documentation does not give a sentence or an order of checks,
they are those of AWS's DynamoDB Local 3.3.1 (Maven Central,
com.amazonaws:DynamoDBLocal) for expressions, and of two projects that recorded
the service's answers: mhart/dynalite (validations/, test/) and
nubo-db/dynamodb-conformance.
"""
