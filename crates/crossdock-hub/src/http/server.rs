//! The listener: connections with a bound, and with the last word.
//! Here: why a plain TCP stream is not enough. hyper answers a header that it will not even read with an empty 431 and closes; with the
//! rest of the header still unread the system then resets the connection, and the client never sees the answer. So the answer is
//! replaced by a problem document, and what the client still sends is read and thrown away for a moment (a lingering close).
//! Invariant: a connection lingers at most [`LINGER`] and [`LINGER_BYTES`].

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

use super::header_too_large;

/// Connections at a time.
const CONNECTIONS: usize = 4096;
/// How long a closed connection is still read from.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it is thrown away at most.
const LINGER_BYTES: usize = 32 << 20;
/// A pause after the system refused to give us a connection (out of file handles).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens, and hands out guarded connections.
pub(crate) struct Listener {
    inner: TcpListener,
    places: Arc<Semaphore>,
    header_limit: usize,
}

impl Listener {
    pub(crate) fn new(inner: TcpListener, header_limit: usize) -> Self {
        Self { inner, places: Arc::new(Semaphore::new(CONNECTIONS)), header_limit }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let place = Arc::clone(&self.places).acquire_owned().await.ok();
            match self.inner.accept().await {
                Ok((stream, address)) => {
                    // Small answers go out at once; Nagle would hold them back for the client's delayed acknowledgement.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "no TCP_NODELAY");
                    }
                    return (Connection::new(stream, place, self.header_limit), address);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    header_limit: usize,
    /// A problem document that takes the place of hyper's empty answer.
    replacement: Option<Bytes>,
    finished: bool,
    drained: usize,
    linger: Option<Pin<Box<Sleep>>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn new(stream: TcpStream, place: Option<OwnedSemaphorePermit>, header_limit: usize) -> Self {
        Self { stream, header_limit, replacement: None, finished: false, drained: 0, linger: None, _place: place }
    }

    /// Sends what is left of the replacement.
    fn poll_replacement(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(bytes) = &mut self.replacement {
            if bytes.is_empty() {
                self.replacement = None;
                break;
            }
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
            bytes.advance(sent);
        }
        Poll::Ready(Ok(()))
    }

    /// Whether these are the first bytes of hyper's own answer to a header that it will not read.
    fn is_bare_refusal(bytes: &[u8]) -> bool {
        bytes.starts_with(b"HTTP/1.1 431 ")
            && bytes.windows(19).any(|part| part.eq_ignore_ascii_case(b"content-length: 0\r\n"))
    }

    fn problem(&self) -> Bytes {
        let body = header_too_large(self.header_limit).to_json().to_string();
        Bytes::from(format!(
            "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/problem+json\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_replacement(context))?;
        if Self::is_bare_refusal(bytes) {
            this.replacement = Some(this.problem());
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_replacement(context))?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.finished {
            ready!(this.poll_replacement(context))?;
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            this.finished = true;
        }
        let linger = this.linger.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        if linger.as_mut().poll(context).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut waste = [0; 16 << 10];
        loop {
            let mut buffer = ReadBuf::new(&mut waste);
            match Pin::new(&mut this.stream).poll_read(context, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                // The other end has closed, or is gone: there is nobody to wait for.
                Poll::Ready(Err(_)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => this.drained += buffer.filled().len(),
            }
            if this.drained > LINGER_BYTES {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
