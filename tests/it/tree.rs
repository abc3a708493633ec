//! The repository's own files.

use std::{fs, path::Path, process::Command};

pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Tracked and new files of these endings.
pub(crate) fn files(endings: &[&str]) -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let wanted = |path: &&str| {
        endings.iter().any(|ending| path.ends_with(ending)) && root().join(path).exists()
    };
    let found: Vec<_> = text.lines().filter(wanted).map(str::to_owned).collect();
    assert!(
        !found.is_empty(),
        "git knows no file that ends in {endings:?}"
    );
    found
}

/// The text of a file, by its path from the root.
pub(crate) fn text(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All pages for users: both READMEs, `docs`, and what explains `deploy`.
pub(crate) fn pages() -> Vec<String> {
    let mut found = files(&[".md"]);
    found.retain(|path| {
        path.starts_with("docs/")
            || path.starts_with("deploy/")
            || path == "README.md"
            || path == "README.zh.md"
    });
    found.sort();
    assert!(found.len() > 50, "{found:?}");
    found
}
