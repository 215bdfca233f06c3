"""The sandbox's HTTP front: one endpoint for all of AWS, in one event-loop thread.

moto stores every resource and handles every call except these: data calls use the stores of this package, which replace
moto's own item, stream and shard; calls to the services that run as separate processes (Lambda's Invoke, Athena's
queries, Glue's StartCrawler) are forwarded to them; the package `control` handles or corrects what moto lacks or
handles differently from AWS.
"""
