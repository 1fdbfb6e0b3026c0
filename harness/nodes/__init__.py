"""A run on another machine: what is sent there, what is made ready there, and how what came of it gets back.

Nothing here knows how machines are found or reached; that is the executors' (`harness/groups/`). The coordinator alone
publishes and grades: neither answers nor results folders are ever on a node.
"""
