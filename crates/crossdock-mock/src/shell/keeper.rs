//! Keeps a system's door: opens it, closes it for an outage, opens it again, closes it for good.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::door::Door;
use super::station::now;

/// Pause between tries to listen again after an outage.
const REOPEN_PAUSE: Duration = Duration::from_millis(50);
/// How long answers in the making may still go out when an outage begins.
const LAST_WORD: Duration = Duration::from_millis(20);

/// Serves until `stopped`. While `refusing` lies in the future nobody listens and open connections are reset.
pub(crate) async fn keep(
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    mut refusing: watch::Receiver<Option<Timestamp>>,
    stopped: watch::Receiver<bool>,
) {
    let mut listener = Some(listener);
    loop {
        let refused = remaining(*refusing.borrow_and_update());
        if let Some(rest) = refused {
            drop(listener.take());
            let mut stop = stopped.clone();
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                // Switched off, or on for longer: look again.
                changed = refusing.changed() => if changed.is_ok() { continue },
                _ = stop.wait_for(|stopped| *stopped) => return,
            }
        }
        let open = match listener.take() {
            Some(open) => open,
            None => match TcpListener::bind(address).await {
                Ok(open) => open,
                Err(error) => {
                    tracing::debug!(%address, %error, "cannot listen again yet");
                    tokio::time::sleep(REOPEN_PAUSE).await;
                    continue;
                }
            },
        };
        let (connections, connected) = watch::channel(true);
        tokio::select! {
            () = Door::new(open, connected).serve(router.clone(), stopped.clone()) => return,
            () = until_refused(&mut refusing) => {}
        }
        // Nobody listens any more. Whoever switched the outage on still gets the answer; then all connections are reset.
        tokio::time::sleep(LAST_WORD).await;
        connections.send_replace(false);
    }
}

async fn until_refused(refusing: &mut watch::Receiver<Option<Timestamp>>) {
    loop {
        if refusing.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        if remaining(*refusing.borrow()).is_some() {
            return;
        }
    }
}

/// How long connections are refused from now on.
fn remaining(until: Option<Timestamp>) -> Option<Duration> {
    let rest = until?.duration_since(now());
    Duration::try_from(rest).ok().filter(|rest| !rest.is_zero())
}
