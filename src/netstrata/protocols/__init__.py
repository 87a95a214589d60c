"""Messages as bytes, and the machines that speak them; no sockets, no clock."""
