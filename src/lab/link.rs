//! A client's link, which can be taken down.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Longest delay that one parameter adds, and how long `fault=hang` hangs, in milliseconds.
pub(super) const MAX_DELAY_MS: u64 = 20_000;

/// Longest time that a link stays down: as long as any other fault.
const MAX_LINK_DOWN: Duration = Duration::from_millis(MAX_DELAY_MS);

/// Takes a link down and up again.
#[derive(Debug, Default)]
pub(super) struct LinkSwitch {
    /// The time at which a link that is down comes up by itself.
    down_until: watch::Sender<Option<Instant>>,
}

impl LinkSwitch {
    /// Takes the link down for [`MAX_LINK_DOWN`], or up again.
    pub(super) fn set_down(&self, down: bool) {
        let until = down.then(|| Instant::now() + MAX_LINK_DOWN);
        self.down_until.send_replace(until);
    }

    /// Returns the link, for one request or socket.
    pub(super) fn link(&self) -> Link {
        Link(self.down_until.subscribe())
    }
}

/// A client's link, as one request or socket sees it.
#[derive(Clone)]
pub(super) struct Link(watch::Receiver<Option<Instant>>);

impl Link {
    /// Waits until the link is up.
    pub(super) async fn wait_until_up(&mut self) {
        let down_until = *self.0.borrow();
        if let Some(until) = down_until {
            let up = self.0.wait_for(Option::is_none);
            let _ = timeout_at(until, up).await; // the link of a client that is gone is up
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn link_recovers_after_timeout() {
        let switch = LinkSwitch::default();
        let mut link = switch.link();
        switch.set_down(true);
        let started = Instant::now();
        for _ in 0..3 {
            link.wait_until_up().await;
        }
        assert_eq!(started.elapsed(), MAX_LINK_DOWN);
        switch.set_down(true);
        drop(switch);
        link.wait_until_up().await;
        assert_eq!(started.elapsed(), MAX_LINK_DOWN);
    }
}
