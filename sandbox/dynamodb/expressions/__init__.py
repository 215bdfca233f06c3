"""DynamoDB's expressions, each in three steps.

A text is parsed once, independently of a request's names and values. Binding the parsed expression to them does all
checks that need no item. The bound expression is then evaluated for each item.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""
