//! Where a file lies that only one process may have: whether it can lie there, and the lock beside it.

use super::disk;
use lag_core::port::{PortError, PortErrorKind};
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// A file as messages call it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// For example `state file`.
    pub(crate) noun: &'static str,
    /// What names another place, for example `--state-file`.
    pub(crate) setting: &'static str,
}

/// An open file whose lock is ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    pub(crate) fn take(kind: Kind, path: PathBuf) -> Result<Self, PortError> {
        let open = disk::private().create(true).truncate(false).open(&path);
        let file = open.map_err(|error| kind.failed("lock", &path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let what = format!("already running (lock file {})", path.display());
                return Err(PortError::new(PortErrorKind::Busy, what));
            }
            Err(TryLockError::Error(error)) => return Err(kind.failed("lock", &path, &error)),
        }
        let lock = Self { path, file };
        // Between opening and locking it may have been deleted, and another run may have made and locked a new one.
        lock.check()?;
        Ok(lock)
    }

    pub(crate) fn check(&self) -> Result<(), PortError> {
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

impl Kind {
    pub(crate) fn place(self, path: &Path) -> String {
        format!("{} {}", self.noun, path.display())
    }

    /// Says what is wrong with the place before anything is made there.
    pub(crate) fn check_place(self, path: &Path) -> Result<(), PortError> {
        let directory = disk::parent(path);
        let Self { noun, setting } = self;
        let advice = format!("create it, or choose another place with {setting}");
        match fs::metadata(directory) {
            Ok(found) if found.is_dir() => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let directory = directory.display();
                let what = format!("directory {directory} of the {noun} does not exist: {advice}");
                return Err(PortError::new(PortErrorKind::NotFound, what));
            }
            Err(error) if error.kind() != io::ErrorKind::NotADirectory => {
                return Err(self.failed("reach", path, &error));
            }
            Ok(_) | Err(_) => {
                let directory = directory.display();
                let what =
                    format!("{directory}, where the {noun} is to lie, is no directory: {advice}");
                return Err(PortError::new(PortErrorKind::Invalid, what));
            }
        }
        match fs::metadata(path) {
            Ok(found) if !found.is_file() => {
                let what = format!(
                    "{} is no regular file: name one with {setting}",
                    self.place(path)
                );
                Err(PortError::new(PortErrorKind::Invalid, what))
            }
            // Whatever else is wrong with it, reading says better.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    pub(crate) fn read(self, path: &Path) -> Result<Option<Vec<u8>>, PortError> {
        match fs::read(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", path, &error)),
        }
    }

    pub(crate) fn failed(self, what: &str, path: &Path, error: &io::Error) -> PortError {
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
            PortErrorKind::Forbidden => {
                format!(": allow it, or choose another place with {}", self.setting)
            }
            _ => String::new(),
        };
        PortError::new(
            kind,
            format!("cannot {what} {}: {error}{advice}", self.place(path)),
        )
    }
}
