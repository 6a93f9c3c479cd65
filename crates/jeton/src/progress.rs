//! How far something is, for who waits at a terminal.
//!
//! What always holds: nothing is drawn where standard error is no terminal, nor before a second has passed, and what
//! was drawn is gone when the result is printed. Who interrupts is obeyed: what was begun is broken off and taken
//! away again.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::signal::unix::{SignalKind, signal};

use crate::composition::{Progress, Step, Watch};
use crate::failure::{Failure, unavailable};

/// How long something may take before anything is drawn.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does `work`, which tells a watch how far it is, and draws it. SIGINT and SIGTERM break it off.
pub(crate) async fn drawn<T, Work: Future<Output = Result<T, Failure>>>(
    work: impl FnOnce(Watch) -> Work,
) -> Result<T, Failure> {
    let catch = |kind| signal(kind).context("cannot catch the signals to stop").map_err(unavailable);
    let (mut interrupt, mut terminate) = (catch(SignalKind::interrupt())?, catch(SignalKind::terminate())?);
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let stopped = Arc::new(AtomicBool::new(false));
    let (drawn, stop) = (bar.clone(), Arc::clone(&stopped));
    let watch = Watch::new(move |progress| {
        if stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        draw(&drawn, progress);
        ControlFlow::Continue(())
    });
    let mut work = std::pin::pin!(work(watch));
    let done = tokio::select! {
        done = &mut work => done,
        _ = interrupt.recv() => Err(unavailable("it was interrupted, and is broken off")),
        _ = terminate.recv() => Err(unavailable("it was told to stop, and is broken off")),
    };
    stopped.store(true, Ordering::Relaxed);
    bar.finish_and_clear();
    done
}

fn draw(bar: &ProgressBar, progress: Progress) {
    let Progress { step, done, of } = progress;
    let (doing, template) = match (step, of) {
        (Step::Copy, 1..) => ("copying", "{msg} {bar:30} {bytes} of {total_bytes}, {eta} left"),
        (Step::Copy, 0) => ("copying", "{spinner} {msg} {bytes}"),
        (Step::Recompute, _) => ("recomputing", "{msg} {bar:30} {human_pos} of {human_len} entries, {eta} left"),
        (Step::Structure, _) => ("looking at the structure of the file", "{spinner} {msg}, {elapsed}"),
        (Step::Views, _) => {
            ("comparing the read tables", "{msg} {bar:30} {human_pos} of {human_len} entries, {eta} left")
        }
    };
    if bar.message() != doing {
        bar.reset_eta();
        bar.set_message(doing);
        bar.set_style(ProgressStyle::with_template(template).expect("the templates here are well-formed"));
    }
    bar.set_length(of);
    bar.set_position(done);
    if bar.is_hidden() && bar.elapsed() >= PATIENCE {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
}
