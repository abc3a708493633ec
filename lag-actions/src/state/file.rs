//! State in one file of the machine.
//!
//! The calls of this module block, and it calls them directly: they are few and small, a check has nothing else to do
//! meanwhile, and a detour over a thread pool could be cut between two of them.

use crate::Now;

use super::{
    disk,
    format::{self, Document, Unreadable},
    place::{Kind, Lock},
    stamp,
};
use lag_core::{
    InstanceId,
    escalate::CheckState,
    port::{BoxFuture, PortError, StateNotice, StateSession, StateStore},
};
use std::{fmt, path::PathBuf};

const STATE: Kind = Kind {
    noun: "state file",
    setting: "--state-file",
};

/// Keeps state in a file for its owner only, locked through an empty file beside it (`<path>.lock`), which stays.
pub struct FileState {
    path: PathBuf,
    import_as: Option<InstanceId>,
    now: Now,
}

impl FileState {
    /// State at this path; a link is followed. `import_as` is the instance that the groups of the first post's file
    /// belong to.
    pub fn new(path: impl Into<PathBuf>, import_as: Option<InstanceId>, now: Now) -> Self {
        Self {
            path: path.into(),
            import_as,
            now,
        }
    }

    fn start(&self) -> Result<Session, PortError> {
        let path = disk::behind_links(&self.path);
        STATE.check_place(&path)?;
        let lock = Lock::take(STATE, disk::with_end(&path, ".lock"))?;
        disk::sweep(&path);
        let mut session = Session {
            path,
            lock,
            document: Document::default(),
            notice: None,
        };
        let path = &session.path;
        let Some(text) = STATE.read(path)? else {
            return Ok(session);
        };
        match format::parse(&text, self.import_as.as_ref()) {
            Ok(parsed) => {
                session.document = parsed.document;
                session.notice = parsed.notice;
            }
            Err(Unreadable::Corrupt(reason)) => {
                let copy = disk::keep_copy(path, &text, &stamp((self.now)()).to_string());
                let copy =
                    copy.map_err(|error| STATE.failed("keep a copy of damaged", path, &error))?;
                let moved_to = copy.display().to_string();
                session.notice = Some(StateNotice::Lost { moved_to, reason });
            }
            Err(refused) => return Err(refused.into_error(&STATE.place(path))),
        }
        Ok(session)
    }

    fn look(&self) -> Result<CheckState, PortError> {
        let path = disk::behind_links(&self.path);
        STATE.check_place(&path)?;
        let Some(text) = STATE.read(&path)? else {
            return Ok(CheckState::default());
        };
        let parsed = format::parse(&text, self.import_as.as_ref());
        let parsed = parsed.map_err(|unreadable| unreadable.into_error(&STATE.place(&path)))?;
        Ok(parsed.document.state)
    }
}

impl fmt::Debug for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileState")
            .field("path", &self.path)
            .field("import_as", &self.import_as)
            .finish_non_exhaustive()
    }
}

impl StateStore for FileState {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn StateSession>, PortError>> {
        Box::pin(async { Ok(Box::new(self.start()?) as Box<dyn StateSession>) })
    }

    fn peek(&self) -> BoxFuture<'_, Result<CheckState, PortError>> {
        Box::pin(async { self.look() })
    }
}

#[derive(Debug)]
struct Session {
    path: PathBuf,
    lock: Lock,
    document: Document,
    notice: Option<StateNotice>,
}

impl StateSession for Session {
    fn state(&self) -> &CheckState {
        &self.document.state
    }

    fn notice(&self) -> Option<&StateNotice> {
        self.notice.as_ref()
    }

    fn still_ours(&mut self) -> BoxFuture<'_, Result<(), PortError>> {
        Box::pin(async { self.lock.check() })
    }

    fn save<'a>(&'a mut self, state: &'a CheckState) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async move {
            self.lock.check()?;
            let document = self.document.with(state);
            disk::replace(&self.path, document.text().as_bytes())
                .map_err(|error| STATE.failed("write", &self.path, &error))?;
            self.document = document;
            Ok(())
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}
