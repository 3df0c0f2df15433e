"""The client for strangers' servers, against a zoo of receivers on real sockets."""
