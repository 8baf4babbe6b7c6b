//! Writing results: text for people or JSON for programs, without a panic when the pipe is closed.

use std::io::{self, Write as _};

use serde_json::Value;

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    json: bool,
}

impl Out {
    /// As JSON, or for people.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether results are JSON.
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Writes one line to stdout, and out of our buffers.
    pub fn line(self, text: impl AsRef<str>) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_ref().as_bytes())?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// Writes one JSON value on a line.
    pub fn value(self, value: &Value) -> io::Result<()> {
        self.line(value.to_string())
    }

    /// The JSON value, or the text, as was asked for.
    pub fn either(self, value: impl FnOnce() -> Value, text: impl AsRef<str>) -> io::Result<()> {
        if self.json { self.value(&value()) } else { self.line(text) }
    }

    /// Writes a remark to stderr; it is no result, so a closed stderr is no failure.
    pub fn remark(self, text: impl AsRef<str>) {
        let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
    }
}

/// A table for people: columns as wide as their widest cell.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(header.get(column).map_or(0, |title| title.chars().count()))
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| {
            let fill = width.saturating_sub(cell.chars().count());
            format!("{cell}{}", " ".repeat(fill))
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(header.to_vec())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}
