//! The count of calls, remembered over a restart: one small file in the state directory.

use jiff::Timestamp;
use lag_core::{Budgets, Month, MonthUsage};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

const FILE: &str = "api-calls.json";
const VERSION: u32 = 1;

/// The file, locked against a second process for as long as this lives.
#[derive(Debug)]
pub struct UsageFile {
    directory: PathBuf,
    _lock: File,
    saved: BTreeMap<Arc<str>, MonthUsage>,
}

/// A state directory that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It cannot be made, read or written.
    #[error("{place} {}: it must be a directory that this process can write", path.display())]
    Unusable {
        /// The flag or key that names it.
        place: String,
        /// What was tried.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Two processes would overwrite each other's count.
    #[error("{place} {}: another process uses this directory; give each its own", path.display())]
    InUse {
        /// The flag or key that names it.
        place: String,
        /// The directory.
        path: PathBuf,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    accounts: BTreeMap<Arc<str>, Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    month: String,
    requests: u64,
}

impl UsageFile {
    /// Opens the directory, making it if need be, and reads what was spent. A file that cannot be understood is moved
    /// aside and said so in the log: then the count starts at 0. Counts of other months are left out; one of a month to
    /// come was written by a clock that was wrong, and said so.
    ///
    /// # Errors
    /// When the directory cannot be used, or is in use.
    pub fn open(
        directory: &Path,
        place: &str,
        now: Timestamp,
    ) -> Result<(Self, BTreeMap<Arc<str>, MonthUsage>), StateError> {
        let unusable = |path: &Path| {
            let (place, path) = (place.to_owned(), path.to_owned());
            move |source| StateError::Unusable {
                place,
                path,
                source,
            }
        };
        fs::create_dir_all(directory).map_err(unusable(directory))?;
        let lock_path = directory.join("lock");
        let lock = private().write(true).truncate(false).open(&lock_path);
        let lock = lock.map_err(unusable(&lock_path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StateError::InUse {
                place: place.to_owned(),
                path: directory.to_owned(),
            },
            TryLockError::Error(source) => unusable(&lock_path)(source),
        })?;
        let path = directory.join(FILE);
        let spent = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(unusable(&path)(error)),
            Ok(bytes) => match parse(&bytes) {
                Ok(spent) => of_month(spent, Month::of(now)),
                Err(reason) => {
                    let aside = directory.join(format!("{FILE}.unreadable"));
                    fs::rename(&path, &aside).map_err(unusable(&path))?;
                    tracing::warn!(
                        file = %path.display(),
                        moved.to = %aside.display(),
                        reason,
                        "the count of calls cannot be read and starts at 0"
                    );
                    BTreeMap::new()
                }
            },
        };
        let mut file = Self {
            directory: directory.to_owned(),
            _lock: lock,
            saved: BTreeMap::new(),
        };
        // Written at once, so that a directory that is full or read-only is known now.
        file.write(&spent).map_err(unusable(&path))?;
        Ok((file, spent))
    }

    /// Writes the count if it has changed: to a temporary file first, so that a crash leaves the old or the new one.
    ///
    /// # Errors
    /// What the system says.
    pub fn save(&mut self, budgets: &Budgets) -> io::Result<()> {
        let usage = budgets.usage();
        if usage == self.saved {
            return Ok(());
        }
        self.write(&usage)
    }

    fn write(&mut self, usage: &BTreeMap<Arc<str>, MonthUsage>) -> io::Result<()> {
        let entry = |(name, usage): (&Arc<str>, &MonthUsage)| {
            let entry = Entry {
                month: usage.month.to_string(),
                requests: usage.requests,
            };
            (name.clone(), entry)
        };
        let document = Document {
            version: VERSION,
            accounts: usage.iter().map(entry).collect(),
        };
        let text = serde_json::to_vec_pretty(&document)?;
        let temporary = self.directory.join(format!("{FILE}.new"));
        let mut file = private().write(true).truncate(true).open(&temporary)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&temporary, self.directory.join(FILE))?;
        File::open(&self.directory)?.sync_all()?;
        self.saved.clone_from(usage);
        Ok(())
    }
}

fn of_month(
    mut spent: BTreeMap<Arc<str>, MonthUsage>,
    month: Month,
) -> BTreeMap<Arc<str>, MonthUsage> {
    spent.retain(|account, usage| {
        if usage.month > month {
            tracing::warn!(
                account = &**account,
                counted_in = %usage.month,
                now = %month,
                "the count of calls is of a month to come, so a clock was or is wrong: it starts at 0"
            );
        }
        usage.month == month
    });
    spent
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<Arc<str>, MonthUsage>, String> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if document.version != VERSION {
        return Err(format!("version {} is not known", document.version));
    }
    let usage = |(name, entry): (Arc<str>, Entry)| {
        let month = entry.month.parse();
        let month = month.map_err(|error: lag_core::InvalidMonth| error.to_string())?;
        let requests = entry.requests;
        Ok((name, MonthUsage { month, requests }))
    };
    document.accounts.into_iter().map(usage).collect()
}

/// For the owner only, created if need be.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
