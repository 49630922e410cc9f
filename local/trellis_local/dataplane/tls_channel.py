"""The server's side of TLS on any channel, so that it also works inside a tunnel.

Threads may send while another one receives, as HTTP/2 needs it.
"""

import contextlib
import ssl
import threading

from trellis_local.dataplane.channels import Channel
from trellis_local.dataplane.messages import TlsSession

_CHUNK = 65536
_FATAL = 2
HANDSHAKE_FAILURE = 40
UNRECOGNIZED_NAME = 112


def alert(description: int) -> bytes:
    """The record with which a server refuses a ClientHello (RFC 8446, 6.2)."""
    return bytes((21, 3, 3, 0, 2, _FATAL, description))


class TlsChannel:
    """What the client means, once handshake() has returned."""

    def __init__(self, channel: Channel, context: ssl.SSLContext) -> None:
        self._channel = channel
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._lock = threading.Lock()

    def handshake(self) -> None:
        """Agree on keys; ssl.SSLError, an OSError, when that fails."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._feed()
            except ssl.SSLError:
                self._flush()  # the alert that tells the client why
                raise
            else:
                self._flush()
                return

    def session(self, server_name: str) -> TlsSession:
        """What was agreed on."""
        cipher = self._tls.cipher()
        return TlsSession(self._tls.version() or "", cipher[0] if cipher else "", server_name)

    @property
    def protocol(self) -> str:
        """The protocol chosen by ALPN, empty without ALPN."""
        return self._tls.selected_alpn_protocol() or ""

    def receive(self) -> bytes:
        """The next bytes (Channel)."""
        while True:
            with self._lock:
                try:
                    return self._tls.read(_CHUNK)
                except ssl.SSLWantReadError:
                    self._flush()
                except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                    return b""
            self._feed()

    def send(self, data: bytes) -> None:
        """Send all of the data (Channel)."""
        with self._lock:
            view = memoryview(data)
            while view:
                view = view[self._tls.write(view) :]
            self._flush()

    def close(self) -> None:
        """Tell the client that nothing follows."""
        with self._lock:
            with contextlib.suppress(ssl.SSLWantReadError):  # the client's own farewell is not waited for
                self._tls.unwrap()
            self._flush()

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._channel.send(data)

    def _feed(self) -> None:
        data = self._channel.receive()
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
