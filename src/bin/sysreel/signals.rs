//! SIGINT and SIGTERM, which end a recording, and what runs until nobody wants it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};

use anyhow::anyhow;
use signal_hook::consts::{SIGINT, SIGTERM};

/// From now on the signals end the program at once, and successfully: for what has no other end.
pub(crate) fn end_done() -> anyhow::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 0, Arc::new(AtomicBool::new(true)))
            .map_err(|error| anyhow!("cannot watch for signal {signal}: {error}"))?;
    }
    Ok(())
}

/// SIGINT and SIGTERM as they arrive.
pub(crate) struct Signals {
    last: Arc<AtomicI32>,
    count: Arc<AtomicUsize>,
}

impl Signals {
    /// Takes the signals over: they no longer end the program.
    pub(crate) fn watch() -> anyhow::Result<Signals> {
        let signals = Signals { last: Arc::default(), count: Arc::default() };
        for signal in [SIGINT, SIGTERM] {
            let (last, count) = (Arc::clone(&signals.last), Arc::clone(&signals.count));
            // SAFETY: storing and adding to atomics is all that happens, and that is safe in a signal handler.
            unsafe {
                signal_hook::low_level::register(signal, move || {
                    last.store(signal, Ordering::Relaxed);
                    count.fetch_add(1, Ordering::Relaxed);
                })
            }
            .map_err(|error| anyhow!("cannot watch for signal {signal}: {error}"))?;
        }
        Ok(signals)
    }

    /// The last signal.
    pub(crate) fn arrived(&self) -> Option<i32> {
        Some(self.last.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
    }

    /// How many have come.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}
