//! What departs together.

use async_nats::HeaderMap;

use super::*;

type Answered = oneshot::Receiver<Result<Sequence, AppendError>>;

fn waiting(workflow: &str, bytes: usize) -> (Waiting, Answered) {
    let (answer, answered) = oneshot::channel();
    let subject = format!("sf.h.0.shop.Order.{workflow}.run");
    let workflow = workflow_of(&subject);
    let message = Outgoing { subject, headers: HeaderMap::new(), body: vec![0; bytes].into() };
    (Waiting { message, workflow, answer }, answered)
}

fn gate(records: &[(&str, usize)]) -> (Gate, Vec<Answered>) {
    let bounds = config::GroupCommit { records_min: 2, records_max: 3, bytes_max: 100 };
    let (queue, answered) = records.iter().map(|(id, bytes)| waiting(id, *bytes)).unzip();
    let lane = Lane::new(bounds.records_min);
    records.iter().for_each(|_| lane.queued());
    (Gate { queue, ..Gate::new(bounds, lane) }, answered)
}

fn names(group: impl IntoIterator<Item = Waiting>) -> Vec<String> {
    group.into_iter().map(|waiting| waiting.workflow).collect()
}

#[test]
fn a_batch_holds_no_workflow_twice_and_keeps_the_order() {
    let (mut gate, _answered) = gate(&[("a", 1), ("a", 1), ("b", 1), ("a", 1), ("c", 1), ("d", 1)]);
    assert_eq!(names(gate.gather()), ["shop.a", "shop.b", "shop.c"]);
    assert_eq!(names(gate.queue), ["shop.a", "shop.a", "shop.d"]);
}

#[test]
fn a_batch_is_bounded_in_bytes() {
    let (mut gate, _answered) = gate(&[("a", 60), ("b", 60), ("c", 60)]);
    assert_eq!(names(gate.gather()), ["shop.a"]);
    assert_eq!(names(gate.queue), ["shop.b", "shop.c"]);
}

#[test]
fn what_nobody_waits_for_is_not_written() {
    let (mut gate, mut answered) = gate(&[("a", 1), ("b", 1)]);
    drop(answered.remove(0));
    assert_eq!(names(gate.gather()), ["shop.b"]);
}

#[test]
fn only_so_many_go_alone_and_nobody_overtakes_the_queue() {
    let lane = Lane::new(2);
    let first = lane.pass().unwrap();
    let _second = lane.pass().unwrap();
    assert!(lane.pass().is_none(), "the lane is full");
    lane.queued();
    drop(first);
    assert!(lane.pass().is_none(), "somebody waits");
    let third = lane.board().unwrap();
    lane.departed(1);
    drop(third);
    assert!(lane.pass().is_some());
}

#[test]
fn a_batch_waits_for_as_many_as_the_last_one_had_but_not_long() {
    let (mut gate, _answered) = gate(&[("a", 1), ("b", 1)]);
    let now = Instant::now();
    assert!(gate.lingered(now), "the first batch waits for nobody");
    gate.last_batch = 3;
    assert!(!gate.lingered(now));
    assert!(gate.lingered(now + LINGER));
    assert_eq!(gate.linger_until, None);
    gate.queue.push_back(waiting("c", 1).0);
    assert!(gate.lingered(now));
}
