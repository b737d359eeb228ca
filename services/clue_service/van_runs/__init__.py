"""The resource: runs of mobile monitoring vans."""
