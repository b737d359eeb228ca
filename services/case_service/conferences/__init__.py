"""The resource: conferences of several agencies on cases, from the invitation to the last action item."""
