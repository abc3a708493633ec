//! State in one file of the machine.
//!
//! The calls of this module block, and it calls them directly: they are few and small, a check has nothing else to do
//! meanwhile, and a detour over a thread pool could be cut between two of them.

use crate::Now;

use super::{
    disk,
    format::{self, Document, Unreadable},
    stamp,
};
use lag_core::{
    InstanceId,
    escalate::CheckState,
    port::{BoxFuture, PortError, PortErrorKind, StateNotice, StateSession, StateStore},
};
use std::{
    fmt,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
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
        check_place(&path)?;
        let lock = Lock::take(disk::with_end(&path, ".lock"))?;
        disk::sweep(&path);
        let mut session = Session {
            path,
            lock,
            document: Document::default(),
            notice: None,
        };
        let path = &session.path;
        let Some(text) = read(path)? else {
            return Ok(session);
        };
        match format::parse(&text, self.import_as.as_ref()) {
            Ok(parsed) => {
                session.document = parsed.document;
                session.notice = parsed.notice;
            }
            Err(Unreadable::Corrupt(reason)) => {
                let copy = disk::keep_copy(path, &text, &stamp((self.now)()).to_string());
                let copy = copy.map_err(|error| failed("keep a copy of damaged", path, &error))?;
                let moved_to = copy.display().to_string();
                session.notice = Some(StateNotice::Lost { moved_to, reason });
            }
            Err(refused) => return Err(refused.into_error(&place(path))),
        }
        Ok(session)
    }

    fn look(&self) -> Result<CheckState, PortError> {
        let path = disk::behind_links(&self.path);
        check_place(&path)?;
        let Some(text) = read(&path)? else {
            return Ok(CheckState::default());
        };
        let parsed = format::parse(&text, self.import_as.as_ref());
        let parsed = parsed.map_err(|unreadable| unreadable.into_error(&place(&path)))?;
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
                .map_err(|error| failed("write", &self.path, &error))?;
            self.document = document;
            Ok(())
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}

#[derive(Debug)]
struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    fn take(path: PathBuf) -> Result<Self, PortError> {
        let open = disk::private().create(true).truncate(false).open(&path);
        let file = open.map_err(|error| failed("lock", &path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let what = format!("already running (lock file {})", path.display());
                return Err(PortError::new(PortErrorKind::Busy, what));
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path, &error)),
        }
        let lock = Self { path, file };
        // Between opening and locking it may have been deleted, and another run may have made and locked a new one.
        lock.check()?;
        Ok(lock)
    }

    fn check(&self) -> Result<(), PortError> {
        if disk::is_same(&self.file, &self.path).unwrap_or(false) {
            return Ok(());
        }
        let path = self.path.display();
        let what = format!("lock file {path} was removed or replaced: another run may have begun");
        Err(PortError::new(PortErrorKind::Busy, what))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The system frees it with the file, also of a killed process; a child that was just forked holds the file a
        // little longer.
        let _ = self.file.unlock();
    }
}

fn place(path: &Path) -> String {
    format!("state file {}", path.display())
}

/// Says what is wrong with the place before anything is made there.
fn check_place(path: &Path) -> Result<(), PortError> {
    let directory = disk::parent(path);
    let advice = "create it, or choose another place with --state-file";
    match fs::metadata(directory) {
        Ok(found) if found.is_dir() => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = directory.display();
            let what = format!("directory {directory} of the state file does not exist: {advice}");
            return Err(PortError::new(PortErrorKind::NotFound, what));
        }
        Err(error) if error.kind() != io::ErrorKind::NotADirectory => {
            return Err(failed("reach", path, &error));
        }
        Ok(_) | Err(_) => {
            let directory = directory.display();
            let what =
                format!("{directory}, where the state file is to lie, is no directory: {advice}");
            return Err(PortError::new(PortErrorKind::Invalid, what));
        }
    }
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => {
            let what = format!(
                "{} is no regular file: name one with --state-file",
                place(path)
            );
            Err(PortError::new(PortErrorKind::Invalid, what))
        }
        // Whatever else is wrong with it, reading says better.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, PortError> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path, &error)),
    }
}

fn failed(what: &str, path: &Path, error: &io::Error) -> PortError {
    use io::ErrorKind as Io;
    let kind = match error.kind() {
        Io::PermissionDenied | Io::ReadOnlyFilesystem => PortErrorKind::Forbidden,
        Io::NotFound => PortErrorKind::NotFound,
        Io::IsADirectory | Io::NotADirectory | Io::InvalidFilename | Io::Unsupported => {
            PortErrorKind::Invalid
        }
        _ => PortErrorKind::Unavailable,
    };
    let advice = match kind {
        PortErrorKind::Forbidden => ": allow it, or choose another place with --state-file",
        _ => "",
    };
    PortError::new(
        kind,
        format!("cannot {what} {}: {error}{advice}", place(path)),
    )
}
