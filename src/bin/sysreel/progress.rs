//! The line a person sees while a recording or a conversion runs.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::table::{bytes, thousands};

/// Between two updates of the line; the rate is that of the time since the last one.
const UPDATE_EVERY: Duration = Duration::from_millis(250);

/// Elapsed time, events per second, bytes written and losses, on standard error if that is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    last_update: Instant,
    last_events: u64,
}

/// What there is to show.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    /// Events so far.
    pub(crate) events: u64,
    /// Bytes in the file.
    pub(crate) bytes: u64,
    /// Events lost.
    pub(crate) lost: u64,
}

impl Progress {
    /// A line that starts now; without a terminal nothing is ever drawn.
    pub(crate) fn start(on_terminal: bool) -> Progress {
        let target = if on_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style =
            ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}").expect("the template is constant");
        bar.set_style(style);
        Progress { bar, last_update: Instant::now(), last_events: 0 }
    }

    /// Shows new figures, at most a few times per second.
    pub(crate) fn update(&mut self, figures: Figures) {
        let since = self.last_update.elapsed();
        if since < UPDATE_EVERY {
            return;
        }
        self.bar.set_message(line(figures, figures.events.saturating_sub(self.last_events), since));
        self.bar.tick();
        self.last_update = Instant::now();
        self.last_events = figures.events;
    }

    /// Takes the line away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

fn line(figures: Figures, new_events: u64, since: Duration) -> String {
    let per_second = u128::from(new_events) * 1_000_000 / since.as_micros().max(1);
    let lost = if figures.lost == 0 { "no drops".to_owned() } else { format!("{} DROPPED", thousands(figures.lost)) };
    format!(
        "{} events  {}/s  {}  {lost}",
        thousands(figures.events),
        thousands(u64::try_from(per_second).unwrap_or(u64::MAX)),
        bytes(figures.bytes),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_rate_size_and_drops() {
        let figures = Figures { events: 12_000, bytes: 40_960, lost: 0 };
        assert_eq!(line(figures, 1_000, Duration::from_millis(250)), "12,000 events  4,000/s  40.0 KiB  no drops");
        let figures = Figures { lost: 3, ..figures };
        assert_eq!(line(figures, 0, Duration::ZERO), "12,000 events  0/s  40.0 KiB  3 DROPPED");
    }
}
