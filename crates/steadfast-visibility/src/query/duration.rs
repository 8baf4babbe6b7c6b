//! Durations as `ExecutionDuration` takes them: nanoseconds, Go's form with days (`1d2h30m`), `hh:mm:ss`.

const UNITS: [(&str, f64); 9] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3600e9),
    ("d", 86400e9),
];

/// The nanoseconds that a text means.
pub(super) fn nanoseconds(text: &str) -> Option<i64> {
    if let Ok(nanos) = text.parse::<i64>() {
        return Some(nanos);
    }
    units(text).or_else(|| clock(text))
}

/// `300ms`, `-1.5h`, `2h45m`.
fn units(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (if text.starts_with('-') { -1.0 } else { 1.0 }, rest),
        None => (1.0, text),
    };
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let (_, nanos) = UNITS.iter().find(|(unit, _)| *unit == &rest[..end])?;
        total += number * nanos;
        rest = &rest[end..];
    }
    let nanos = sign * total;
    // Beyond this, f64 and i64 part ways: 292 years.
    (nanos.abs() < i64::MAX as f64).then_some(nanos as i64)
}

/// `hh:mm:ss`.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':').map(|part| part.parse::<u32>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    seconds.checked_mul(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::nanoseconds;

    #[test]
    fn every_form_is_understood() {
        const S: i64 = 1_000_000_000;
        for (text, nanos) in [
            ("17", Some(17)),
            ("1h", Some(3600 * S)),
            ("2h45m", Some(9900 * S)),
            ("1.5h", Some(5400 * S)),
            ("-300ms", Some(-300_000_000)),
            ("2d", Some(172_800 * S)),
            ("01:02:03", Some(3723 * S)),
            ("00:60:00", None),
            ("1", Some(1)),
            ("1x", None),
            ("h", None),
            ("", None),
            ("1:2", None),
        ] {
            assert_eq!(nanoseconds(text), nanos, "{text}");
        }
    }
}
