//! Cron schedules, as Temporal reads them (`robfig/cron`'s `ParseStandard`): five fields, `@daily`
//! and its kin, `@every 90m`, and a leading `CRON_TZ=Europe/Berlin`; UTC without one.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};

use crate::{Span, Timestamp};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Steps of a schedule that are skipped at most while looking for the next time.
const STEPS_MAX: usize = 100_000;

enum Schedule {
    Every(Span),
    Calendar(Box<Cron>, Tz),
}

/// What is wrong with a cron schedule, in words for its author.
pub fn check_cron(schedule: &str) -> Result<(), String> {
    let parsed = parse(schedule)?;
    match parsed.next(Timestamp(0)) {
        Some(_) => Ok(()),
        None => {
            Err("invalid CronSchedule, no time can be found to satisfy the schedule".to_owned())
        }
    }
}

/// How long from `now` to the schedule's next time, counted in whole seconds from `scheduled`, when
/// the last run was due; none for a schedule that has no further time.
pub fn cron_backoff(schedule: &str, scheduled: Timestamp, now: Timestamp) -> Option<Span> {
    if now < scheduled {
        return Some(whole_seconds(scheduled.since(now)));
    }
    let next = match parse(schedule).ok()? {
        Schedule::Every(period) => {
            let passed = now.since(scheduled).0.div_ceil(period.0).max(1);
            scheduled + Span(passed.saturating_mul(period.0))
        }
        calendar @ Schedule::Calendar(..) => {
            let mut next = calendar.next(scheduled.max(now - Span::from_secs(1)))?;
            for _ in 0..STEPS_MAX {
                if next >= now {
                    break;
                }
                next = calendar.next(next)?;
            }
            next
        }
    };
    Some(whole_seconds(next.since(now)))
}

fn whole_seconds(span: Span) -> Span {
    Span(span.0.div_ceil(NANOS_PER_SECOND).saturating_mul(NANOS_PER_SECOND))
}

impl Schedule {
    /// The first time after `after`.
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(period) => Some(after + *period),
            Self::Calendar(cron, zone) => {
                let after = DateTime::<Utc>::from_timestamp_nanos(after.0).with_timezone(zone);
                let next = cron.find_next_occurrence(&after, false).ok()?;
                Some(Timestamp::from_millis(next.timestamp().saturating_mul(1000)))
            }
        }
    }
}

fn parse(schedule: &str) -> Result<Schedule, String> {
    let invalid = || format!("invalid CronSchedule: {schedule:?}");
    let (zone, fields) = match schedule.strip_prefix("CRON_TZ=").or(schedule.strip_prefix("TZ=")) {
        Some(rest) => rest.split_once(' ').ok_or_else(invalid)?,
        None => ("UTC", schedule),
    };
    let zone: Tz = zone.parse().map_err(|_| invalid())?;
    let fields = fields.trim();
    if let Some(period) = fields.strip_prefix("@every ") {
        return parse_period(period.trim()).map(Schedule::Every).ok_or_else(invalid);
    }
    let fields = match fields {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other if other.starts_with('@') => return Err(invalid()),
        other => other,
    };
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = parser.parse(fields).map_err(|error| format!("{}: {error}", invalid()))?;
    Ok(Schedule::Calendar(Box::new(cron), zone))
}

/// Go's `time.ParseDuration` for positive durations; at least one second, as `cron.Every` has it.
fn parse_period(text: &str) -> Option<Span> {
    let mut rest = text;
    let mut total = 0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at(letters);
        let nanos = match unit {
            "ns" => 1e0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * nanos;
        rest = next;
    }
    // Whole seconds, at least one; a product too large for u64 saturates in the cast.
    let seconds = ((total / 1e9) as u64).max(1);
    (!text.is_empty()).then_some(Span::from_secs(seconds))
}
