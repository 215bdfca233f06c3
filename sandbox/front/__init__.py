"""The sandbox's HTTP front: one endpoint for all of AWS, in one event-loop thread.

moto keeps every resource and answers every call but these: the calls that carry data go straight to the stores of this
package, which replace moto's own item, stream and shard; the calls of the services that run as separate processes
(Lambda's Invoke, Athena's queries, Glue's StartCrawler) are forwarded to them; and what moto answers otherwise than
AWS, or not at all, the package `control` sets right.
"""
