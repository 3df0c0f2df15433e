"""Live links to carriers: the only SMPP client sockets."""
