//! The wish to stop: asked once, seen by every run.

use std::sync::Arc;

use tokio::sync::watch;

/// A wish to stop that many runs share. Runs that see it stop their steps, clean up and end as interrupted.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

impl Cancel {
    /// Nobody wants to stop yet.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Asks every run that shares this to stop.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether somebody has asked.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when somebody asks; never, if nobody does.
    pub async fn cancelled(&self) {
        // The sender is ours, so the channel cannot close before the wish.
        self.0.subscribe().wait_for(|asked| *asked).await.ok();
    }
}
