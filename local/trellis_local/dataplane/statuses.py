"""The statuses that VPC Lattice answers with by itself.

The User Guide (troubleshooting, HTTP status codes) documents 400, 403, 404, 500 and 502 without saying which failure of
a target gives which of them, and nothing for a group without targets or a slow target. What it leaves open is chosen
here.
"""

NOT_FOUND = 404  # documented: no such service in the network
DENIED = 403  # documented
CANNOT_CONNECT = 500  # documented: TargetConnectionError, a failed TLS handshake with the target included
PROTOCOL_ERROR = 502  # our choice: TargetProtocolError, the target does not speak what the request needs
TARGET_TOO_SLOW = 504  # our choice: TargetDataTimeout, no data within the service's idle time-out
NO_TARGET = 503  # our choice: an empty or vanished target group, or weights that are all 0
BODY_TOO_LARGE = 413  # our choice, as is the limit; see http_messages
CLOSED = 0  # no status: the connection ended without an answer, or VPC Lattice saw no HTTP
# Our choice: within TLS the Host must name the service that the SNI named, else the service is not found.
MISDIRECTED = NOT_FOUND
# Our choice, of a proxy that stands for the VPC's network: a CONNECT that the network refuses, or leaves unanswered.
TUNNEL_REFUSED, TUNNEL_TIMED_OUT = 502, 504
