//! Lists and counts follow the log at once.

use steadfast_core::{
    Entry, Execution, Payload,
    event::{WorkflowExecutionPaused, WorkflowExecutionUnpaused, WorkflowPropertiesModified},
    run::Status,
};
use steadfast_visibility::QueryError;

use crate::world::{World, attributes, event, soon};

#[tokio::test]
async fn a_list_shows_what_was_written_before_it() {
    let mut world = World::new();
    let following = world.follow().await;
    for round in 0..20 {
        let name = format!("w{round}");
        world.start(&name, round, attributes(&[])).await;
        let open = following.list(&format!("WorkflowId = '{name}'")).await;
        assert_eq!(open, [format!("{name} Running")]);
        world.complete(&name, round + 1).await;
        let closed = following.list(&format!("WorkflowId = '{name}'")).await;
        assert_eq!(closed, [format!("{name} Completed")]);
    }
    assert_eq!(following.count("").await.total, 20);
    following.stop().await;
}

#[tokio::test]
async fn a_run_is_shown_with_all_there_is_to_show() {
    let mut world = World::new();
    let following = world.follow().await;
    world.start("a", 10, attributes(&[("CustomKeyword", "\"x\""), ("CustomInt", "1")])).await;
    world.upsert("a", 11, attributes(&[("CustomInt", "2"), ("CustomKeyword", "null")])).await;
    let address = world.address("a", "run-a");
    let mut memo = attributes(&[("CustomText", "\"note\"")]);
    memo.insert("bare".to_owned(), Payload { data: "bytes".into(), ..Payload::default() });
    let shown = memo.clone();
    let memo =
        WorkflowPropertiesModified { upserted_memo: memo, ..WorkflowPropertiesModified::default() };
    world.append(&address, 12, Status::Running, vec![Entry::Event(event(3, 12, memo))]).await;
    let paused = WorkflowExecutionPaused { reason: "lunch".into(), ..Default::default() };
    world.append(&address, 13, Status::Paused, vec![Entry::Event(event(4, 13, paused))]).await;

    let page = following.page("ExecutionStatus = 'Paused'", 10, Default::default()).await.unwrap();
    let [run] = page.runs.as_slice() else { panic!("{page:?}") };
    assert_eq!(run.paused.as_ref().unwrap().reason, "lunch");
    assert_eq!(run.history_length, 4);
    assert_eq!(run.state_transition_count, 4);
    assert!(run.history_size_bytes > 0);
    let own = Execution { workflow_id: "a".into(), run_id: "run-a".into() };
    assert_eq!((run.root.clone(), run.first_run_id.as_str()), (own, "run-a"));
    assert_eq!(run.search_attributes, attributes(&[("CustomInt", "2")]));
    assert_eq!(run.memo, shown);
    assert_eq!(run.close_time, None);

    let unpaused = Entry::Event(event(5, 14, WorkflowExecutionUnpaused::default()));
    world.append(&address, 14, Status::Running, vec![unpaused]).await;
    world.complete("a", 20).await;
    let page = following.page("CustomInt = 2", 10, Default::default()).await.unwrap();
    assert_eq!(page.runs[0].paused, None);
    assert_eq!(page.runs[0].execution_duration.unwrap().0, 10_000_000_000);
    assert_eq!(following.list("CustomKeyword IS NOT NULL").await, Vec::<String>::new());
    following.stop().await;
}

#[tokio::test]
async fn runs_are_found_by_the_builds_of_their_workers() {
    let mut world = World::new();
    let following = world.follow().await;
    for name in ["a", "b", "c"] {
        world.start(name, 1, attributes(&[("CustomKeyword", "\"x\"")])).await;
    }
    world.task("a", 4, "one").await;
    world.task("b", 4, "one").await;
    assert_eq!(following.list("BuildIds = 'unversioned:one'").await, ["a Running", "b Running"]);
    world.task("b", 7, "two").await;
    world.task("b", 10, "two").await;
    world.upsert("a", 11, attributes(&[("CustomKeyword", "\"y\"")])).await;
    assert_eq!(following.list("BuildIds = 'unversioned:two'").await, ["b Running"]);
    assert_eq!(following.list("BuildIds != 'unversioned:one'").await, ["c Running"]);
    assert_eq!(following.list("BuildIds IS NULL").await, ["c Running"]);
    let page = following.page("WorkflowId = 'b'", 10, Default::default()).await.unwrap();
    let expected = attributes(&[
        ("CustomKeyword", "\"x\""),
        ("BuildIds", r#"["unversioned","unversioned:one","unversioned:two"]"#),
    ]);
    assert_eq!(page.runs[0].search_attributes, expected);
    following.stop().await;

    // What is in the file is enough to go on.
    let following = world.follow().await;
    world.task("a", 12, "two").await;
    assert_eq!(following.list("BuildIds = 'unversioned:two'").await, ["a Running", "b Running"]);
    assert_eq!(following.list("CustomKeyword = 'y'").await, ["a Running"]);
    following.stop().await;
}

#[tokio::test]
async fn every_type_is_searched_sorted_and_counted() {
    let mut world = World::new();
    let following = world.follow().await;
    let values = [
        ("a", "2", "1.5", "true", "\"2024-01-01T00:00:00Z\"", "[\"x\",\"y\"]", "\"red Apple\""),
        ("b", "1", "2.5", "false", "\"2024-01-02T00:00:00+01:00\"", "[\"y\"]", "\"green apple\""),
        ("c", "3", "0.5", "true", "\"2024-01-03T00:00:00Z\"", "[]", "\"pear\""),
    ];
    for (name, int, double, bool, datetime, list, text) in values {
        let keyword = format!("\"{name}\"");
        let all = [
            ("CustomKeyword", keyword.as_str()),
            ("CustomInt", int),
            ("CustomDouble", double),
            ("CustomBool", bool),
            ("CustomDatetime", datetime),
            ("CustomKeywordList", list),
            ("CustomText", text),
        ];
        world.start(name, 1, attributes(&all)).await;
    }
    for (query, found) in [
        ("CustomKeyword >= 'b' ORDER BY CustomKeyword DESC", "c b"),
        ("CustomInt IN (1, 3) ORDER BY CustomInt", "b c"),
        ("CustomDouble < 2 ORDER BY CustomDouble", "c a"),
        ("CustomBool = true ORDER BY WorkflowId", "a c"),
        ("CustomDatetime > '2024-01-01T22:00:00Z' ORDER BY CustomDatetime DESC", "c b"),
        ("CustomKeywordList = 'y' ORDER BY WorkflowId", "a b"),
        ("CustomKeywordList != 'x' ORDER BY WorkflowId", "b c"),
        ("CustomKeywordList IS NULL", "c"),
        ("CustomText = 'APPLE' ORDER BY CustomInt", "b a"),
        ("CustomText = 'pear green' ORDER BY WorkflowId", "b c"),
        ("ORDER BY CustomKeywordList DESC, CustomInt DESC", "a b c"),
    ] {
        let listed = following.list(query).await;
        let names: Vec<&str> = listed.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(names.join(" "), found, "{query}");
        let (condition, _) = query.split_once("ORDER BY").unwrap_or((query, ""));
        assert_eq!(following.count(condition).await.total, listed.len() as u64, "{query}");
    }
    following.stop().await;
}

#[tokio::test]
async fn counts_are_exact_in_groups() {
    let mut world = World::new();
    let following = world.follow().await;
    for number in 0..30 {
        let name = format!("w{number}");
        world.start(&name, number, attributes(&[])).await;
        if number % 3 == 0 {
            world.complete(&name, number + 1).await;
        }
    }
    let count = following.count("GROUP BY ExecutionStatus").await;
    assert_eq!(count.total, 30);
    let groups: Vec<_> =
        count.groups.iter().map(|group| (group.values[0].data.as_ref(), group.count)).collect();
    assert_eq!(groups, [(b"\"Running\"".as_slice(), 20), (b"\"Completed\"".as_slice(), 10)]);
    let none = following.count("WorkflowId = 'nobody' GROUP BY ExecutionStatus").await;
    assert_eq!((none.total, none.groups.len()), (0, 0));
    let other = following.visibility.count(&"elsewhere".into(), "", soon()).await.unwrap();
    assert_eq!(other.total, 0);
    following.stop().await;
}

#[tokio::test]
async fn mistakes_are_typed() {
    let world = World::new();
    let following = world.follow().await;
    let invalid = following.page("Nothing = 1", 10, Default::default()).await.unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "invalid query: invalid expression: column name 'Nothing' is not a valid search attribute"
    );
    let grouped = following.page("GROUP BY ExecutionStatus", 10, Default::default()).await;
    assert!(matches!(grouped, Err(QueryError::Invalid(_))), "{grouped:?}");
    let forged = following.page("", 10, "forged".into()).await;
    assert!(matches!(forged, Err(QueryError::PageToken(_))), "{forged:?}");
    following.stop().await;
}
