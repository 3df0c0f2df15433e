"""POST to a stranger's server: no private addresses, deadlines, bounded answers. The only client for that."""

from heliograph.outbound_http.answers import Answer, Failure
from heliograph.outbound_http.client import OutboundHttp, tls_context
from heliograph.outbound_http.outbound_limits import OutboundLimits

__all__ = ["Answer", "Failure", "OutboundHttp", "OutboundLimits", "tls_context"]
