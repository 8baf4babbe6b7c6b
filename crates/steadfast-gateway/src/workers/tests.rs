//! Who is heard of, who is asked for, and what it may cost.

use super::*;

fn worker(key: &str, task_queue: &str) -> WorkerHeartbeat {
    WorkerHeartbeat {
        worker_instance_key: key.to_owned(),
        task_queue: task_queue.to_owned(),
        status: WorkerStatus::Running.into(),
        ..WorkerHeartbeat::default()
    }
}

fn keys(workers: &Workers, namespace: &str, asked: &Asked) -> Vec<String> {
    let (page, more) = workers.list(&Namespace::new(namespace), asked, "", usize::MAX);
    assert!(!more);
    assert_eq!(page.len(), workers.count(&Namespace::new(namespace), asked));
    page.into_iter().map(|worker| worker.worker_instance_key).collect()
}

fn of(filter: &str) -> Asked {
    Asked { filter: Filter::parse(filter).expect(filter), ..Asked::default() }
}

#[tokio::test(start_paused = true)]
async fn workers_come_and_go() {
    let workers = Workers::new(1 << 20);
    let (shop, other) = (Namespace::new("shop"), Namespace::new("other"));
    workers.heard(&shop, worker("b", "orders"));
    workers.heard(&shop, worker("a", "orders"));
    workers.heard(&other, worker("a", "elsewhere"));
    assert_eq!(keys(&workers, "shop", &of("")), ["a", "b"]);
    assert_eq!(workers.describe(&other, "a").expect("it is there").task_queue, "elsewhere");

    let gone = WorkerHeartbeat { status: WorkerStatus::Shutdown.into(), ..worker("b", "orders") };
    workers.heard(&shop, gone);
    assert_eq!(keys(&workers, "shop", &of("")), ["a"]);
    assert_eq!(workers.describe(&shop, "b"), None);

    tokio::time::advance(SILENCE_MAX / 2).await;
    workers.heard(&other, worker("a", "elsewhere"));
    tokio::time::advance(SILENCE_MAX / 2).await;
    assert!(keys(&workers, "shop", &of("")).is_empty(), "silent for too long");
    assert_eq!(keys(&workers, "other", &of("")), ["a"]);
}

#[test]
fn workers_are_asked_for() {
    let workers = Workers::new(1 << 20);
    let shop = Namespace::new("shop");
    workers.heard(&shop, worker("a", "orders"));
    workers.heard(&shop, worker("b", "temporal-sys-per-ns-tq"));
    let starting = WorkerHeartbeat {
        start_time: Some(well_known_timestamp(100)),
        status: WorkerStatus::ShuttingDown.into(),
        ..worker("c", "mail")
    };
    workers.heard(&shop, starting);
    let found = |filter: &str| keys(&workers, "shop", &of(filter)).join(" ");
    assert_eq!(found(""), "a c", "the server's own are not shown");
    assert_eq!(found("TaskQueue = 'orders' OR TaskQueue = 'mail'"), "a c");
    assert_eq!(found("WorkerStatus = 'Running'"), "a");
    assert_eq!(found("Status != 'Running' AND `status` IS NOT NULL"), "c");
    assert_eq!(found("StartTime > '1970-01-01T00:01:00Z'"), "c");
    assert_eq!(found("StartTime IS NULL AND HostName IS NULL"), "a");
    let all = Asked { with_system: true, ..Asked::default() };
    assert_eq!(keys(&workers, "shop", &all), ["a", "b", "c"]);
    assert!(Filter::parse("Nonsense = 'x'").is_err());
    assert!(Filter::parse(&"x".repeat(BYTES_TOO_MANY)).is_err());

    let (page, more) = workers.list(&shop, &all, "", 2);
    assert!(more && page.len() == 2);
    let (page, more) = workers.list(&shop, &all, "b", 2);
    assert!(!more && page.len() == 1 && page[0].worker_instance_key == "c");
}

const BYTES_TOO_MANY: usize = 20_000;

fn well_known_timestamp(seconds: i64) -> steadfast_temporal_api::well_known::Timestamp {
    steadfast_temporal_api::well_known::Timestamp { seconds, nanos: 0 }
}

#[test]
fn however_many_speak_the_memory_is_bounded() {
    const MAX: usize = 100_000;
    let workers = Workers::new(MAX);
    for number in 0..10_000 {
        let namespace = Namespace::new(format!("n{}", number % 7));
        workers.heard(&namespace, worker(&format!("w{number}"), "q"));
    }
    let state = workers.lock();
    assert!(state.bytes <= MAX && state.bytes > MAX / 2);
    let kept: usize = state.namespaces.values().map(BTreeMap::len).sum();
    assert_eq!(kept, state.order.len());
    drop(state);
    assert!(workers.describe(&Namespace::new("n3"), "w9999").is_some(), "the newest is there");

    workers.heard(&Namespace::new("n0"), worker("large", &"q".repeat(2 * MAX)));
    assert_eq!(workers.describe(&Namespace::new("n0"), "large"), None);
    assert_eq!(workers.lock().bytes, 0);
}
