//! Files that are whole or not there: the system calls below [`FileState`](super::FileState).

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Between the name of the state and the digits of a file that is not finished.
const UNFINISHED: &str = ".new-";

/// The file behind a link, so that a save replaces the file and not the link.
pub(crate) fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // As many as Linux follows; a circle of links ends here and is an error of the next call.
    for _ in 0..40 {
        let Ok(target) = fs::read_link(&path) else {
            break;
        };
        path = parent(&path).join(target);
    }
    path
}

/// The directory that a file is in.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The path with this at its end.
pub(crate) fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut path = OsString::from(path);
    path.push(end);
    path.into()
}

/// For the owner only.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether the name still leads to the open file: people and cleaners delete lock files.
pub(super) fn is_same(open: &File, path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (ours, named) = (open.metadata()?, fs::symlink_metadata(path)?);
        Ok((ours.dev(), ours.ino()) == (named.dev(), named.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = open;
        path.try_exists()
    }
}

/// Puts a file with this text in place of the old one. A crash leaves the old or the new one; durable when it returns.
pub(crate) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let digits = getrandom::u64().map_err(io::Error::other)?;
    let unfinished = with_end(path, &format!("{UNFINISHED}{digits:016x}"));
    let done = create(&unfinished, text).and_then(|()| fs::rename(&unfinished, path));
    if done.is_err() {
        // Nothing to do about it here: the next run sweeps.
        let _ = fs::remove_file(&unfinished);
        return done;
    }
    sync_names(path)
}

/// Writes a file that must not be there yet.
fn create(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = private().create_new(true).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Makes new names in the directory of this file durable.
fn sync_names(path: &Path) -> io::Result<()> {
    File::open(parent(path))?.sync_all()
}

/// Removes what killed runs have not finished. Only for whoever holds the lock; best effort, it harms nobody.
pub(crate) fn sweep(path: &Path) {
    for entry in beside(path, UNFINISHED) {
        let name = entry.file_name().unwrap_or_default();
        let begin = with_end(path, UNFINISHED);
        let begin = begin.file_name().unwrap_or_default();
        if name.len().checked_sub(begin.len()) == Some(16) {
            let _ = fs::remove_file(entry);
        }
    }
}

/// Keeps a durable copy of a damaged text under a name that was free, or finds the one that is kept already: the
/// damaged file stays until the next save replaces it, and a run that dies before must not add a copy each time.
pub(super) fn keep_copy(path: &Path, text: &[u8], stamp: &str) -> io::Result<PathBuf> {
    const KEPT: &str = ".corrupt-";
    for kept in beside(path, KEPT) {
        if fs::read(&kept).is_ok_and(|bytes| bytes == text) {
            return Ok(kept);
        }
    }
    let mut copy = with_end(path, &format!("{KEPT}{stamp}"));
    let mut number = 1;
    loop {
        match create(&copy, text) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => {
                number += 1;
                copy = with_end(path, &format!("{KEPT}{stamp}-{number}"));
            }
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    sync_names(path)?;
    Ok(copy)
}

/// Files of the same directory whose name begins with that of `path` and this.
fn beside(path: &Path, middle: &str) -> Vec<PathBuf> {
    let begin = with_end(
        Path::new(path.file_name().unwrap_or(OsStr::new(""))),
        middle,
    );
    let begin = begin.as_os_str().as_encoded_bytes().to_owned();
    let entries = fs::read_dir(parent(path)).into_iter().flatten().flatten();
    let named = entries.filter(|entry| {
        let name = entry.file_name();
        name.as_encoded_bytes().starts_with(&begin)
    });
    named
        .map(|entry| parent(path).join(entry.file_name()))
        .collect()
}
