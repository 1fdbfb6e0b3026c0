"""The providers' wire formats: what may pass, what a call may use at most, what it used, how an error looks.

One module an API. They know JSON shapes only: no sockets, no money, no files.
"""
