//! The checks must see what is wrong, or their silence means nothing.

use serde_json::json;

use super::{super::request::load, *};

fn purchase(end: Outcome) -> Purchase {
    let purchases = load(None).expect("the built-in requests are right");
    purchases.into_iter().find(|purchase| purchase.expected() == end).expect("every end is there")
}

fn case(end: Outcome) -> Case {
    let purchase = purchase(end);
    let synced = json!({ "by_portal": 3, "by_fallback": 0, "breaker_open": false });
    let synced = serde_json::from_value(synced).expect("it has this form");
    let report = Report {
        purchase: purchase.id.clone(),
        outcome: end,
        remark: String::new(),
        estimate: 1,
        steps: Vec::new(),
        level: "basic".to_owned(),
        synced: (end == Outcome::Completed).then_some(synced),
    };
    Case { purchase, old_code: true, report: Ok(report) }
}

fn ledger(case: &Case, actions: &[&str]) -> Vec<Entry> {
    let entry = |action: &&str| Entry {
        key: (*action).to_owned(),
        purchase: case.purchase.id.clone(),
        action: (*action).to_owned(),
        value: json!(10),
        attempt: 1,
        by: "test".to_owned(),
    };
    actions.iter().map(entry).collect()
}

const BOUGHT: [&str; 5] = [
    "review_requested",
    "reserve_funds",
    "hold_property",
    "start_title_transfer",
    "finalize_purchase",
];
const UNDONE: [&str; 7] = [
    "review_requested",
    "reserve_funds",
    "hold_property",
    "start_title_transfer",
    "cancel_title_transfer",
    "release_property",
    "release_funds",
];

#[test]
fn right_ends_have_no_faults() {
    let bought = case(Outcome::Completed);
    assert_eq!(bought.faults(&ledger(&bought, &BOUGHT)), Vec::<String>::new());
    let undone = case(Outcome::Compensated);
    assert_eq!(undone.faults(&ledger(&undone, &UNDONE)), Vec::<String>::new());
}

#[test]
fn another_end_another_code_and_no_end_are_faults() {
    let mut other = case(Outcome::Completed);
    let happened = ledger(&other, &BOUGHT);
    if let Ok(report) = &mut other.report {
        report.outcome = Outcome::LoanRefused;
        report.level = "enhanced".to_owned();
        report.synced = None;
    }
    assert_eq!(other.faults(&happened).len(), 3);
    other.report = Err("not over".to_owned());
    assert_eq!(other.faults(&happened), ["not over"]);
}

#[test]
fn effects_that_are_missing_doubled_or_out_of_order_are_faults() {
    let bought = case(Outcome::Completed);
    assert_eq!(bought.faults(&ledger(&bought, &BOUGHT[..4])).len(), 1);
    let twice = [&BOUGHT[..], &["finalize_purchase"]].concat();
    assert_eq!(bought.faults(&ledger(&bought, &twice)).len(), 1);
    let undone = case(Outcome::Compensated);
    let mut disordered = UNDONE;
    disordered.swap(4, 6);
    assert_eq!(undone.faults(&ledger(&undone, &disordered)).len(), 1);
}

#[test]
fn money_that_stays_reserved_is_seen() {
    let undone = case(Outcome::Compensated);
    assert_eq!(reserved(&ledger(&undone, &UNDONE)).len(), 0);
    assert_eq!(reserved(&ledger(&undone, &UNDONE[..6])).into_values().collect::<Vec<_>>(), [10]);
}

#[test]
fn gaps_and_open_runs_on_the_feed_are_faults() {
    let mut chain = Chain::default();
    let event = |id| steadfast_core::Event {
        id,
        at: steadfast_core::Timestamp::default(),
        kind: steadfast_core::event::TimerFired::default().into(),
        user_metadata: None,
        links: Vec::new(),
    };
    chain.add(&event(1));
    chain.closed = Some("completed");
    assert_eq!(feed_faults([&chain].into_iter()), Vec::<String>::new());
    chain.add(&event(1));
    chain.add(&event(3));
    chain.closed = None;
    assert_eq!(feed_faults([&chain].into_iter()).len(), 3);
}
