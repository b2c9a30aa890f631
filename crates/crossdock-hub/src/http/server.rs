//! The listener: connections with a bound, and with the last word.
//! Here: why a plain TCP stream is not enough. hyper answers a header that it will not even read with an empty 400, 414 or 431 and closes; with the
//! rest of the header still unread the system then resets the connection, and the client never sees the answer. So the answer is
//! replaced by a problem document, and what the client still sends is read and thrown away for a moment (a lingering close).
//! Here too: the loop that accepts. axum's own gives a client all the time it wants for its header; this one does not.
//! Invariant: a connection lingers at most [`LINGER`] and [`LINGER_BYTES`], and waits for a header at most `limits.receive_ms`.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use bytes::{Buf, Bytes};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Sleep;

use super::header_too_large;
use crate::config::Limits;
use crate::http::problem::Problem;

/// Connections at a time.
const CONNECTIONS: usize = 4096;
/// How long a closed connection is still read from.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it is thrown away at most.
const LINGER_BYTES: usize = 32 << 20;
/// A pause after the system refused to give us a connection (out of file handles).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`; then ends with the last request in flight. Dropping it cuts all connections.
pub(crate) async fn serve(listener: TcpListener, routes: Router, limits: &Limits, stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut builder = http1::Builder::new();
    // Counts from the connection's first moment, and again from every answer on.
    builder.timer(TokioTimer::new()).header_read_timeout(limits.receive);
    let mut connections = JoinSet::new();
    let mut stopped = stop.clone();
    loop {
        let connection = tokio::select! {
            connection = accept(&listener, &places, limits.header_bytes) => connection,
            Some(_) = connections.join_next() => continue,
            // An error means that the hub is gone, which is a stop too.
            () = async { drop(stopped.wait_for(|stop| *stop).await) } => break,
        };
        let served = builder.serve_connection(TokioIo::new(connection), TowerToHyperService::new(routes.clone()));
        let mut stopped = stop.clone();
        connections.spawn(async move {
            let mut served = pin!(served);
            let ended = tokio::select! {
                ended = served.as_mut() => ended,
                () = async { drop(stopped.wait_for(|stop| *stop).await) } => {
                    served.as_mut().graceful_shutdown();
                    served.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>, header_limit: usize) -> Connection {
    loop {
        let place = Arc::clone(places).acquire_owned().await.ok();
        match listener.accept().await {
            Ok((stream, _)) => {
                // Small answers go out at once; Nagle would hold them back for the client's delayed acknowledgement.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no TCP_NODELAY");
                }
                return Connection::new(stream, place, header_limit);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
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

    /// What takes the place of an answer that hyper made itself, to a head that it will not read: those have no body at all.
    fn instead_of(&self, bytes: &[u8]) -> Option<Bytes> {
        let problem = match bytes.strip_prefix(b"HTTP/1.1 ")?.get(..4)? {
            b"431 " => header_too_large(self.header_limit),
            b"414 " => Problem::target_too_long("the request's target is longer than is read here"),
            b"400 " => Problem::bad_request("the request's first lines are not HTTP/1.1"),
            _ => return None,
        };
        let head = std::str::from_utf8(bytes).ok()?.to_ascii_lowercase();
        if !head.contains("content-length: 0\r\n") || head.contains("content-type:") {
            return None;
        }
        let body = problem.to_json().to_string();
        let reason = problem.status.canonical_reason().unwrap_or_default();
        Some(Bytes::from(format!(
            "HTTP/1.1 {} {reason}\r\ncontent-type: application/problem+json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            problem.status.as_u16(),
            body.len()
        )))
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
        if let Some(problem) = this.instead_of(bytes) {
            this.replacement = Some(problem);
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
