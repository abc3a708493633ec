//! One line of the log for each change, whatever becomes of the run.

use crate::{
    ports::{Call, DOWN},
    world::{ABOVE, World},
};
use std::{
    fmt,
    sync::{Arc, Mutex},
};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Keeps what is said at level info and above, each line as `message field=value`.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.fields += &format!(" {}={value:?}", field.name());
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.lock().unwrap().push(line.message + &line.fields);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn logged(run: impl FnOnce()) -> Vec<String> {
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), run);
    log.0.lock().unwrap().clone()
}

#[test]
fn every_change_has_one_line_that_names_group_workload_and_stage() {
    let mut world = World::new();
    let lines = logged(|| drop(world.run(&[("g", ABOVE)]).unwrap()));
    let expected = "restarted instance.id=alikafka-1 group.name=g workload=orders/Deployment/cust stage=1 \
        episode=2026-01-15T08:39:00Z lag=200000.0";
    assert_eq!(lines, [expected]);
}

#[test]
fn a_change_has_its_line_even_when_the_run_is_broken_off_right_after_it() {
    let mut world = World::new();
    let mut is_changed = false;
    world.script(move |call, _| {
        is_changed |= matches!(call, Call::Restart { .. });
        match call {
            Call::Save(_) if is_changed => DOWN,
            _ => crate::ports::End::Well,
        }
    });
    let lines = logged(|| drop(world.run(&[("g", ABOVE)]).unwrap_err()));
    assert!(
        matches!(&lines[..], [line] if line.starts_with("restarted ")),
        "{lines:?}"
    );
}
