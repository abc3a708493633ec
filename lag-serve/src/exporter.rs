//! The exporter: what it serves, and how a scrape is answered from the cache.

use crate::{
    Lifecycle, ServeConfig,
    body::SharedBody,
    cache::Cache,
    exposition::{
        BoardPart, Encoding, Format,
        board::{Facts, Help},
        board_part,
        gzip::{self, Deflate},
        own,
        writer::{Pieces, Writer},
    },
    status::Views,
};
use bytes::Bytes;
use http::HeaderValue;
use jiff::Timestamp;
use lag_core::{ApiCalls, Board, BoardCell, Budgets, History, Stand, Standing};
use prometheus::Registry;
use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak},
};
use tokio::sync::Semaphore;

/// The clock of the shell. This library never asks the system for the time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Boards with more series than this are rendered on a thread that may block.
const RENDER_INLINE: usize = 1_000;

/// Listings of large boards under way at once; each holds a text of its own until it was sent.
const LARGE_LISTINGS: usize = 4;

/// Answers requests from a board. Clones share everything, the cache included.
#[derive(Clone)]
pub struct Exporter(Arc<Inner>);

struct Inner {
    board: Arc<BoardCell>,
    calls: Arc<ApiCalls>,
    budgets: Arc<Budgets>,
    now: Now,
    started: Timestamp,
    live: RwLock<Arc<Live>>,
    lifecycle: OnceLock<Lifecycle>,
    registry: Registry,
    cache: Cache,
    large_listings: Arc<Semaphore>,
    marked: Mutex<(Weak<Board>, u64)>,
    standing: OnceLock<Arc<Standing>>,
    history: RwLock<History>,
    views: Views,
}

/// What another configuration changes, swapped whole.
struct Live {
    config: Arc<ServeConfig>,
    facts: Facts,
    /// Why the last load of the configuration failed.
    refused: Option<Refused>,
}

/// A configuration that was not taken.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) at: Timestamp,
    pub(crate) words: Arc<str>,
}

impl Live {
    fn new(config: Arc<ServeConfig>, refused: Option<Refused>) -> Self {
        let facts = Facts {
            max_age: config.max_age,
            sample_timestamps: config.sample_timestamps,
            threshold: config.limits.threshold,
            compat: config.compat,
            help: Help::new(&config.metric, config.topic_metric.as_deref()),
        };
        Self {
            config,
            facts,
            refused,
        }
    }
}

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("config", &self.config())
            .finish_non_exhaustive()
    }
}

impl Exporter {
    /// An exporter of whatever the cell holds at the time of each request.
    #[must_use]
    pub fn new(
        board: Arc<BoardCell>,
        calls: Arc<ApiCalls>,
        budgets: Arc<Budgets>,
        now: Now,
        config: ServeConfig,
    ) -> Self {
        Self(Arc::new(Inner {
            board,
            calls,
            budgets,
            now,
            started: config.config_loaded_at,
            live: RwLock::new(Arc::new(Live::new(Arc::new(config), None))),
            lifecycle: OnceLock::new(),
            registry: process_registry(),
            cache: Cache::default(),
            large_listings: Arc::new(Semaphore::new(LARGE_LISTINGS)),
            marked: Mutex::default(),
            standing: OnceLock::new(),
            history: RwLock::default(),
            views: Views::default(),
        }))
    }

    /// Says that this process is one of several replicas, and shows how it stands. Once, at the start.
    pub fn is_replica(&self, standing: Arc<Standing>) {
        let _ = self.0.standing.set(standing);
    }

    /// Serves by another configuration from now on, with nothing in between for those who read. Replace the board after it:
    /// what was rendered by the old one is shown until then. The path of the metrics stays what it was.
    pub fn reconfigure(&self, config: ServeConfig) {
        self.go_live(Live::new(Arc::new(config), None));
    }

    /// Shows that a load of the configuration has failed, and why. What is served stays as it is.
    pub fn is_not_reloaded(&self, words: &str) {
        let refused = Refused {
            at: (self.0.now)(),
            words: words.into(),
        };
        self.go_live(Live::new(self.config(), Some(refused)));
    }

    pub(crate) fn refused(&self) -> Option<Refused> {
        self.live().refused.clone()
    }

    fn go_live(&self, live: Live) {
        *self.0.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }

    /// Says who loads the configuration again when asked over HTTP. Once, at the start.
    pub fn has_lifecycle(&self, lifecycle: Lifecycle) {
        let _ = self.0.lifecycle.set(lifecycle);
    }

    pub(crate) fn lifecycle(&self) -> Lifecycle {
        self.0.lifecycle.get().cloned().unwrap_or_default()
    }

    /// Remembers the lags of the board for the pictures of the status page. Call it after each update of the board: what
    /// it is not shown stays a gap.
    pub fn remember(&self) {
        let (board, now) = self.moment();
        let mut history = self
            .0
            .history
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        history.take(&board);
        drop(history);
        self.0.views.tidy(&board, now);
    }

    /// The routes of the exporter; a listener for them is in [`crate::web`].
    pub fn router(&self) -> axum::Router {
        crate::routes::router(self.clone())
    }

    /// The exposition of this moment in one piece, from the cache where that is possible. For tests and benches: it
    /// copies everything, and blocks while it renders.
    #[must_use]
    pub fn exposition(&self, format: Format) -> Bytes {
        self.exposition_encoded(format, Encoding::Identity)
    }

    /// [`Self::exposition`] as it travels.
    #[must_use]
    pub fn exposition_encoded(&self, format: Format, encoding: Encoding) -> Bytes {
        let (board, now) = self.moment();
        let cached = self.0.cache.get(&board, now, format, encoding);
        let part = cached.unwrap_or_else(|| self.render(&board, now, format, encoding));
        self.complete(part, format, encoding).concat()
    }

    /// Renders what scrapes have asked for in the last minutes, if it is not there yet. Call it after each update of
    /// the board, and no scrape waits for the rendering of a large one. It costs next to nothing when nothing is to be
    /// done, so a timer of a second does as well.
    pub async fn warm(&self) {
        let wanted = self.0.cache.wanted((self.0.now)());
        for (format, encoding) in wanted {
            self.part(format, encoding).await;
        }
    }

    /// The body that answers a scrape.
    pub(crate) async fn scrape(&self, format: Format, encoding: Encoding) -> SharedBody {
        self.0.cache.ask((self.0.now)(), format, encoding);
        let part = self.part(format, encoding).await;
        self.complete(part, format, encoding)
    }

    async fn part(&self, format: Format, encoding: Encoding) -> BoardPart {
        let (board, now) = self.moment();
        if let Some(part) = self.0.cache.get(&board, now, format, encoding) {
            return part;
        }
        let _turn = self.0.cache.turn.lock().await;
        // Time has passed: there may be a new board, or this one's part from whoever had the turn before.
        let (board, now) = self.moment();
        if let Some(part) = self.0.cache.get(&board, now, format, encoding) {
            return part;
        }
        if !is_large(&board) {
            return self.render(&board, now, format, encoding);
        }
        let this = self.clone();
        let task = tokio::task::spawn_blocking({
            let board = board.clone();
            move || this.render(&board, now, format, encoding)
        });
        match task.await {
            Ok(part) => part,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is ending; whoever still asks is answered all the same.
                Err(_) => self.render(&board, now, format, encoding),
            },
        }
    }

    fn render(
        &self,
        board: &Arc<Board>,
        now: Timestamp,
        format: Format,
        encoding: Encoding,
    ) -> BoardPart {
        // After the board was taken: a new board is never written by the configuration before it.
        let live = self.live();
        let cache = &self.0.cache;
        cache.make_room(board, now);
        let (part, validity) = board_part(board, now, &live.facts, format, encoding);
        cache.put(board, validity, format, encoding, part.clone());
        part
    }

    /// Joins a part of the board with what the process says of itself now.
    fn complete(&self, part: BoardPart, format: Format, encoding: Encoding) -> SharedBody {
        let Inner {
            calls,
            budgets,
            now,
            registry,
            ..
        } = &*self.0;
        let live = self.live();
        let loaded = (live.refused.is_none(), &*live.config);
        let counted = (&**calls, &**budgets, self.stand(), now());
        match encoding {
            Encoding::Identity => {
                let mut writer = Writer::new(format, Pieces::default());
                own::write(counted, loaded, registry, &mut writer);
                let tail = writer.finish().into_pieces().concat();
                SharedBody::new(Bytes::new(), part.pieces, tail.into())
            }
            Encoding::Gzip => {
                let mut writer = Writer::new(format, Deflate::default());
                own::write(counted, loaded, registry, &mut writer);
                let tail = gzip::tail(&part, writer);
                SharedBody::new(Bytes::from_static(gzip::HEADER), part.pieces, tail)
            }
        }
    }

    /// The board and the time, in this order: a board is never looked at from before it was made.
    pub(crate) fn moment(&self) -> (Arc<Board>, Timestamp) {
        let board = self.0.board.load();
        (board, (self.0.now)())
    }

    /// What is remembered of the last hour; for a moment only, because updates wait for it.
    pub(crate) fn history(&self) -> impl std::ops::Deref<Target = History> + '_ {
        self.0
            .history
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn views(&self) -> &Views {
        &self.0.views
    }

    pub(crate) fn budgets(&self) -> &Budgets {
        &self.0.budgets
    }

    /// How this replica stands; `None` when it is alone.
    pub(crate) fn stand(&self) -> Option<Stand> {
        self.0.standing.get().map(|standing| standing.look())
    }

    /// This replica, as others read it; `None` when it is alone.
    pub(crate) fn writer(&self) -> Option<lag_core::Writer> {
        let standing = self.0.standing.get()?;
        Some(lag_core::Writer::new(standing.identity(), standing.look()))
    }

    /// A mark that no other board has, of this process or another, and that changes with who leads. The same board may get
    /// a second one.
    pub(crate) fn mark(&self, board: &Arc<Board>, leads: bool) -> HeaderValue {
        let mut marked = self.0.marked.lock().unwrap_or_else(PoisonError::into_inner);
        // While it is held weakly, its address is not given to another board.
        if !std::ptr::eq(marked.0.as_ptr(), Arc::as_ptr(board)) {
            *marked = (Arc::downgrade(board), marked.1 + 1);
        }
        let started = self.0.started.as_nanosecond();
        let role = if leads { "-leader" } else { "" };
        let mark = format!("\"{started:x}-{}{role}\"", marked.1);
        HeaderValue::from_str(&mark).expect("digits, letters and quotes are a header value")
    }

    /// Places for listings of large boards.
    pub(crate) fn large_listings(&self) -> Arc<Semaphore> {
        self.0.large_listings.clone()
    }

    fn live(&self) -> Arc<Live> {
        let live = self.0.live.read().unwrap_or_else(PoisonError::into_inner);
        live.clone()
    }

    /// As it is now: another one may come.
    pub(crate) fn config(&self) -> Arc<ServeConfig> {
        self.live().config.clone()
    }
}

/// Whether a board is large enough to be worth a thread that may block.
pub(crate) fn is_large(board: &Board) -> bool {
    let series = board
        .instances()
        .map(|(_, instance)| instance.samples().len() + instance.expected.len());
    series.sum::<usize>() > RENDER_INLINE
}

/// A registry of our own, never the global one.
fn process_registry() -> Registry {
    let registry = Registry::new();
    #[cfg(target_os = "linux")]
    {
        let process = prometheus::process_collector::ProcessCollector::for_self();
        registry
            .register(Box::new(process))
            .expect("a new registry has no metric of the same name");
    }
    registry
}
