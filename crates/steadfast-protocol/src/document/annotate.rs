//! MessagePack bytes as lines of hexadecimal, each with what it means.

use std::fmt::Write as _;

/// One line per value: its bytes, and after `#` its meaning.
pub(super) fn annotate(bytes: &[u8]) -> String {
    let mut lines = String::new();
    let rest = value(bytes, 0, &mut lines);
    assert!(rest.is_empty(), "one value takes all the bytes");
    lines
}

fn value<'a>(bytes: &'a [u8], depth: usize, lines: &mut String) -> &'a [u8] {
    let big = |from: usize, len: usize| {
        bytes[from..from + len].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let mut line = |len: usize, meaning: String| {
        let hex: Vec<_> = bytes[..len].iter().map(|byte| format!("{byte:02X}")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{}{}  # {meaning}", "  ".repeat(depth), hex.join(" "));
        &bytes[len..]
    };
    let text = |from: usize, len: usize| {
        format!("\"{}\"", String::from_utf8_lossy(&bytes[from..from + len]))
    };
    match bytes[0] {
        small @ 0..=0x7F => line(1, small.to_string()),
        map @ 0x80..=0x8F => {
            let entries = usize::from(map & 0xF);
            let rest = line(1, format!("map of {entries}"));
            several(rest, entries * 2, depth + 1, lines)
        }
        0xDE => {
            let entries = big(1, 2) as usize;
            let rest = line(3, format!("map of {entries}"));
            several(rest, entries * 2, depth + 1, lines)
        }
        list @ 0x90..=0x9F => {
            let items = usize::from(list & 0xF);
            let rest = line(1, format!("list of {items}"));
            several(rest, items, depth + 1, lines)
        }
        short @ 0xA0..=0xBF => {
            let len = usize::from(short & 0x1F);
            line(1 + len, text(1, len))
        }
        0xD9 => {
            let len = usize::from(bytes[1]);
            line(2 + len, text(2, len))
        }
        0xC4 => {
            let len = usize::from(bytes[1]);
            let content = bytes[2..2 + len].escape_ascii();
            line(2 + len, format!("bytes: {content}"))
        }
        0xC0 => line(1, "nil".to_owned()),
        0xC2 => line(1, "false".to_owned()),
        0xC3 => line(1, "true".to_owned()),
        0xCC => line(2, big(1, 1).to_string()),
        0xCD => line(3, big(1, 2).to_string()),
        0xCE => line(5, big(1, 4).to_string()),
        0xCF => line(9, big(1, 8).to_string()),
        other => panic!("no example has {other:#X} yet"),
    }
}

fn several<'a>(bytes: &'a [u8], count: usize, depth: usize, lines: &mut String) -> &'a [u8] {
    (0..count).fold(bytes, |rest, _| value(rest, depth, lines))
}
