"""DynamoDB's expressions, each in three steps.

A text is parsed once, whatever names and values come with it. A request binds
what was parsed to its names and values, which is where all is checked that
does not need an item. What is bound is then evaluated for each item.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""
