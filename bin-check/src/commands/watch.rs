//! `show --watch`: the same again and again, until Ctrl-C or until nobody reads any more.

use lag_runtime::{collect::schedule, shutdown::Signals};
use std::time::Duration;

use super::{query::Looker, show::View};
use crate::{
    cli::{Code, Output},
    cloud::Cloud,
    output::{self, json, number},
};

/// To the upper left; and the rest of the line or of the screen away. Nothing is switched, so nothing has to be
/// switched back, however the program ends.
const HOME: &str = "\x1b[H";
const END_OF_LINE: &str = "\x1b[K\n";
const REST_OF_SCREEN: &str = "\x1b[J";

pub(super) async fn run(cloud: &Cloud, looker: &mut Looker, view: View) -> anyhow::Result<Code> {
    let mut signals = Signals::listen()?;
    let mut schedule = schedule(cloud.config.collect);
    let mut is_first = true;
    loop {
        let began = (cloud.now)();
        let newest = tokio::select! {
            _ = signals.next() => return Ok(Code::Done),
            newest = looker.look(cloud) => newest?,
        };
        schedule.record(began, newest);
        let block = block(cloud, looker, view, is_first)?;
        if !output::write_unless_gone(block.as_bytes())? {
            return Ok(Code::Done);
        }
        is_first = false;
        let now = (cloud.now)();
        let wait = schedule.next(now).duration_since(now);
        tokio::select! {
            _ = signals.next() => return Ok(Code::Done),
            () = tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()) => {}
        }
    }
}

/// One look: the whole screen, a block under a line with the time, or one line of JSON.
fn block(cloud: &Cloud, looker: &Looker, view: View, is_first: bool) -> anyhow::Result<String> {
    let (board, now) = (&looker.board, (cloud.now)());
    if view.output == Output::Json {
        return json::line(&view.document(board, &cloud.config, now));
    }
    let Some((width, lines)) = output::screen() else {
        let text = view.text(board, now, None, None);
        let gap = if is_first { "" } else { "\n" };
        return Ok(format!("{gap}--- {}\n{text}", number::moment(now)));
    };
    let text = view.text(board, now, Some(width), Some(lines));
    let clear = if is_first { "\x1b[2J" } else { "" };
    let text = text.replace('\n', END_OF_LINE);
    Ok(format!("{clear}{HOME}{text}{REST_OF_SCREEN}"))
}
