//! Ctrl-C: the first asks everything to clean up and end, the second ends at once.

use crossdock_scenario::Cancel;

use crate::exit::INTERRUPTED;
use crate::output;

/// A wish to stop that Ctrl-C or a termination signal expresses.
pub(crate) fn on_ctrl_c() -> Cancel {
    let cancel = Cancel::new();
    let asked = cancel.clone();
    tokio::spawn(async move {
        wait().await;
        output::note("stopping: cleaning up (once more to leave at once)");
        asked.cancel();
        wait().await;
        std::process::exit(i32::from(INTERRUPTED));
    });
    cancel
}

/// Resolves at Ctrl-C or SIGTERM.
pub(crate) async fn wait() {
    let term = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // Without the handler only Ctrl-C remains.
            Err(_) => std::future::pending::<()>().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = term => {}
    }
}
