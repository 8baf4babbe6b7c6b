//! The file is a projection: it goes on where it was, and may be deleted.

use crate::world::{World, attributes};

async fn populate(world: &mut World, from: i64, to: i64) {
    for number in from..to {
        let name = format!("w{number:03}");
        let int = number.to_string();
        world.start(&name, number, attributes(&[("CustomInt", &int)])).await;
        if number % 2 == 0 {
            world.complete(&name, 1_000 + number).await;
        }
    }
}

#[tokio::test]
async fn it_goes_on_where_it_was() {
    let mut world = World::new();
    populate(&mut world, 0, 20).await;
    let following = world.follow().await;
    assert_eq!(following.count("").await.total, 20);
    following.stop().await;
    populate(&mut world, 20, 40).await;
    world.purge("w000").await;
    let following = world.follow().await;
    assert_eq!(following.count("").await.total, 39);
    assert_eq!(following.count("ExecutionStatus = 'Completed'").await.total, 19);
    following.stop().await;
}

#[tokio::test]
async fn a_deleted_or_broken_file_is_made_anew() {
    let mut world = World::new();
    populate(&mut world, 0, 30).await;
    let following = world.follow().await;
    world.purge("w002").await;
    let query = "CustomInt > 3 ORDER BY CustomInt DESC";
    let before = following.list(query).await;
    assert_eq!(before.len(), 26);
    following.stop().await;

    let path = world.config().path;
    for broken in [None, Some("this is no database, and long enough to be taken for one")] {
        match broken {
            None => std::fs::remove_file(&path).unwrap(),
            Some(text) => std::fs::write(&path, text.repeat(100)).unwrap(),
        }
        let following = world.follow().await;
        assert_eq!(following.list(query).await, before);
        following.stop().await;
    }
}

#[tokio::test]
async fn a_file_of_another_log_is_made_anew() {
    let mut world = World::new();
    populate(&mut world, 0, 10).await;
    let following = world.follow().await;
    assert_eq!(following.count("").await.total, 10);
    following.stop().await;
    world.log = steadfast_sim::mem_log::MemLog::new();
    let following = world.follow().await;
    assert_eq!(following.count("").await.total, 0);
    following.stop().await;
}

#[tokio::test]
async fn pages_go_on_after_a_restart_and_a_rebuild() {
    let mut world = World::new();
    populate(&mut world, 0, 25).await;
    let (mut seen, mut token) = (Vec::new(), bytes::Bytes::new());
    for round in 0.. {
        let following = world.follow().await;
        let page = following.page("ORDER BY CustomInt", 10, token).await.unwrap();
        seen.extend(page.runs.iter().map(|run| run.execution.workflow_id.to_string()));
        following.stop().await;
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        if round == 0 {
            std::fs::remove_file(world.config().path).unwrap();
            // Sorts before what was seen: it may not move the rest.
            world.start("new", 0, attributes(&[("CustomInt", "-1")])).await;
        }
    }
    let expected: Vec<String> = (0..25).map(|number| format!("w{number:03}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn removed_runs_disappear_at_once() {
    let mut world = World::new();
    populate(&mut world, 0, 10).await;
    let following = world.follow().await;
    assert_eq!(following.count("").await.total, 10);
    for number in (0..10).step_by(2) {
        world.purge(&format!("w{number:03}")).await;
        let left = following.list(&format!("WorkflowId = 'w{number:03}'")).await;
        assert_eq!(left, Vec::<String>::new());
    }
    assert_eq!(following.count("").await.total, 5);
    assert_eq!(following.count("CustomInt >= 0").await.total, 5);
    following.stop().await;
}
