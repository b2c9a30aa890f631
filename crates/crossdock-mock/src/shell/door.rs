//! The listening socket of a system and its connections.
//!
//! Four things that the HTTP library does not do: a request head that is too large or broken is answered by a problem
//! document instead of an empty body; a refused upload is read to its end (within bounds) before the connection closes, so
//! that the caller gets to see why; a connection can be reset in the middle, for faults;
//! and a caller that says nothing is not waited for for ever.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Sleep;

use super::reply::bare_problem;

/// How much of a refused upload is read away, and for how long, before the connection closes anyway.
const LINGER_BYTES: usize = 32 << 20;
const LINGER_TIME: Duration = Duration::from_secs(3);
/// How long a caller may take for a request's head, then for its body; also how long a connection may idle.
pub(crate) const RECEIVE_TIME: Duration = Duration::from_secs(30);
/// Pause after a failed accept (out of file descriptors): the library's own pause of a second would stall every caller.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A listening socket whose connections end with it.
pub(crate) struct Door {
    listener: TcpListener,
    open: watch::Receiver<bool>,
}

impl Door {
    /// `open` turns false when every connection has to go at once.
    pub(crate) fn new(listener: TcpListener, open: watch::Receiver<bool>) -> Self {
        Self { listener, open }
    }

    /// Serves until `stopped`, then waits for what is in flight. Left early, its connections live on, until `open` says otherwise.
    pub(crate) async fn serve(self, router: Router, stopped: watch::Receiver<bool>) {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(RECEIVE_TIME);
        let mut connections = Detached(JoinSet::new());
        let mut stop = stopped.clone();
        loop {
            let (line, grip) = tokio::select! {
                accepted = self.accept() => accepted,
                Some(_) = connections.0.join_next() => continue,
                () = async { drop(stop.wait_for(|stopped| *stopped).await) } => break,
            };
            let service = TowerToHyperService::new(router.clone().layer(Extension(grip)));
            let served = builder.serve_connection(TokioIo::new(line), service);
            let mut stop = stopped.clone();
            connections.0.spawn(async move {
                let mut served = pin!(served);
                let ended = tokio::select! {
                    ended = served.as_mut() => ended,
                    () = async { drop(stop.wait_for(|stopped| *stopped).await) } => {
                        served.as_mut().graceful_shutdown();
                        served.await
                    }
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke");
                }
            });
        }
        drop(self.listener);
        while connections.0.join_next().await.is_some() {}
    }

    /// The next connection, and what its handlers may do to it.
    async fn accept(&self) -> (Line, Grip) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // Small answers must not wait for the acknowledgement of the ones before.
                    drop(stream.set_nodelay(true));
                    let line = Line::new(stream, self.open.clone());
                    let grip = line.grip.clone();
                    return (line, grip);
                }
                Err(error) => {
                    tracing::debug!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Connections that outlive whoever accepted them.
struct Detached(JoinSet<()>);

impl Drop for Detached {
    fn drop(&mut self) {
        self.0.detach_all();
    }
}

/// What a handler may do to its connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grip(Arc<GripState>);

#[derive(Debug, Default)]
struct GripState {
    reset: AtomicBool,
    linger: AtomicBool,
}

impl Grip {
    /// Whatever is answered next, the caller sees a reset instead.
    pub(crate) fn reset(&self) {
        self.0.reset.store(true, Ordering::Release);
    }

    /// The caller has not finished sending: read the rest away before closing.
    pub(crate) fn linger(&self) {
        self.0.linger.store(true, Ordering::Release);
    }
}

/// One connection.
pub(crate) struct Line {
    stream: TcpStream,
    grip: Grip,
    closed: Pin<Box<dyn Future<Output = ()> + Send>>,
    substitute: Option<(Vec<u8>, usize)>,
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Line {
    fn new(stream: TcpStream, mut open: watch::Receiver<bool>) -> Self {
        let closed = Box::pin(async move {
            // An error means that the sender is gone, and with it the system.
            drop(open.wait_for(|open| !open).await);
        });
        Self { stream, grip: Grip::default(), closed, substitute: None, lingering: None }
    }

    fn check(&mut self, cx: &mut Context<'_>, writing: bool) -> io::Result<()> {
        let reset = writing && self.grip.0.reset.load(Ordering::Acquire);
        if reset || self.closed.as_mut().poll(cx).is_ready() {
            drop(self.stream.set_zero_linger());
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }

    fn poll_substitute(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((bytes, written)) = &mut self.substitute {
            let left = bytes.get(*written..).unwrap_or_default();
            if left.is_empty() {
                break;
            }
            match Pin::new(&mut self.stream).poll_write(cx, left) {
                Poll::Ready(Ok(count)) => *written += count,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.check(cx, false)?;
        Pin::new(&mut this.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.check(cx, true)?;
        if this.substitute.is_none() {
            if let Some(problem) = instead_of(bytes) {
                this.grip.linger();
                this.substitute = Some((problem, 0));
            } else {
                return Pin::new(&mut this.stream).poll_write(cx, bytes);
            }
        }
        // The library believes that its own answer was written; ours goes out on the next flush.
        let _pending: Poll<()> = this.poll_substitute(cx)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match this.poll_substitute(cx)? {
            Poll::Ready(()) => Pin::new(&mut this.stream).poll_flush(cx),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.poll_substitute(cx)?.is_pending() {
            return Poll::Pending;
        }
        if this.lingering.is_none() {
            match Pin::new(&mut this.stream).poll_shutdown(cx) {
                Poll::Ready(Ok(())) if this.grip.0.linger.load(Ordering::Acquire) => {}
                done => return done,
            }
        }
        let (deadline, read) = this.lingering.get_or_insert_with(|| (Box::pin(tokio::time::sleep(LINGER_TIME)), 0));
        let mut scratch = [0_u8; 16 << 10];
        while *read < LINGER_BYTES && deadline.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut this.stream).poll_read(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => *read += buffer.filled().len(),
                Poll::Ready(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The problem document to send instead of an answer that the HTTP library made by itself: those have no body at all.
fn instead_of(bytes: &[u8]) -> Option<Vec<u8>> {
    let status = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    let detail = match status {
        b"431" => "the head of the request is larger than this system reads",
        b"414" => "the target of the request is longer than this system reads",
        b"400" => "the head of the request is not HTTP",
        _ => return None,
    };
    let head = std::str::from_utf8(bytes).ok()?;
    let automatic = head.ends_with("\r\n\r\n") && !head.to_ascii_lowercase().contains("content-type:");
    let status: u16 = std::str::from_utf8(status).ok()?.parse().ok()?;
    automatic.then(|| bare_problem(status, detail))
}
