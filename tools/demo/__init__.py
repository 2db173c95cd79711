"""The demonstration: the whole way from `terraform apply` to devices with identities of their own.

`make demo` runs it once, `make up` leaves the stack running to explore, `make down` stops that.
"""
