"""Names that one process provides and others want: provide, depend, on_request and their like."""
