//! The files of the tree, as git sees them: tracked ones, and new ones that are not ignored.

use std::{fs, path::Path, process::Command};

use super::{Finding, blank::blank};
use crate::cargo;

/// One text file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Relative to the root, with slashes.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
    /// The same without the insides of comments and literals, byte for byte in the same places.
    /// For what is not Rust, the text itself.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = if is_rust(path) { blank(text) } else { text.to_owned() };
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    pub(crate) fn is_rust(&self) -> bool {
        is_rust(&self.path)
    }

    /// Whether this is test code: a `tests` folder or a `tests.rs`, wherever it is.
    pub(crate) fn is_test(&self) -> bool {
        let mut parts = self.path.split('/');
        parts.any(|part| part == "tests" || part == "tests.rs")
    }

    pub(crate) fn finding(&self, line: usize, advice: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, advice: advice.into() }
    }

    /// The line, from 1, of a place in the text.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    /// Every line with its number, as code and as text.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str, &str)> {
        let both = self.code.lines().zip(self.text.lines());
        both.enumerate().map(|(index, (code, text))| (index + 1, code, text))
    }
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == "rs")
}

/// Reads every text file of the tree.
pub(crate) fn read_all() -> anyhow::Result<Vec<Source>> {
    let root = cargo::root();
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&root);
    let listed = cargo::output(git)?;
    let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    // What cannot be read as text is deleted, or binary; neither is ours to judge.
    let read = |path: &&str| Some(Source::new(path, &fs::read_to_string(root.join(path)).ok()?));
    Ok(paths.iter().filter_map(read).collect())
}
