//! Whatever is sent, a typed error comes back, and the front door goes on.

use anyhow::Result;
use async_nats::HeaderMap;
use steadfast_core::{Command, RunKey, command::CommandKind};
use steadfast_native::NativeConfig;
use steadfast_protocol::{
    ErrorCode, TaskKind, TaskToken, codec, header,
    message::{self, Complete, Completed},
    subject::{api_subject, task_subject},
};

use crate::world::{SHOP, World, error, json, start};

#[tokio::test(flavor = "multi_thread")]
async fn broken_bytes_have_their_errors() -> Result<()> {
    let world = World::start().await?;
    let good = codec::encode(&start("order"))?;
    let api = |verb| api_subject(SHOP, verb);
    for end in [1, 5, good.len() / 2, good.len() - 1] {
        let code = world.refusal(api("start"), good.slice(..end)).await?;
        assert_eq!(code, ErrorCode::Malformed, "cut at {end}");
    }
    let trailing = [&good[..], b"\xC0"].concat();
    assert_eq!(world.refusal(api("start"), trailing).await?, ErrorCode::Malformed);
    assert_eq!(world.refusal(api("start"), "garbage").await?, ErrorCode::Malformed);
    assert_eq!(world.refusal(api("start"), "").await?, ErrorCode::InvalidArgument);
    let deep = vec![0x91; 100_000];
    assert_eq!(world.refusal(api("start"), deep).await?, ErrorCode::Malformed);
    let unknown = &b"\x82\xABworkflow_id\xA1o\xA4typo\x01"[..];
    assert_eq!(world.refusal(api("describe"), unknown).await?, ErrorCode::UnknownField);
    assert_eq!(world.refusal(api("strat"), good).await?, ErrorCode::UnknownVerb);
    let kind = &b"\x82\xA5token\xC4\x01x\xA8commands\x91\x81\xA4kind\x81\xA3Fly\x80"[..];
    let code = world.refusal(task_subject(SHOP, "complete"), kind).await?;
    assert_eq!(code, ErrorCode::UnknownField);
    world.start_workflow("order").await?;
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_is_refused() -> Result<()> {
    let world = World::start().await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::PROTOCOL, "2");
    let subject = api_subject(SHOP, "list");
    let answer = world.client.request_with_headers(subject, headers, "".into()).await?;
    let error = error(&answer)?.expect("version 2 does not exist");
    assert_eq!(error.known_code(), Some(ErrorCode::UnsupportedVersion));
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_is_refused() -> Result<()> {
    let config = NativeConfig { request_bytes_max: 1_000, ..NativeConfig::default() };
    let world = World::with(config).await?;
    let code = world.refusal(api_subject(SHOP, "start"), vec![0; 1_001]).await?;
    assert_eq!(code, ErrorCode::PayloadTooLarge);
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_checked() -> Result<()> {
    let world = World::start().await?;
    let forged = TaskToken {
        kind: TaskKind::Activity,
        run: RunKey {
            namespace: SHOP.into(),
            workflow_id: "order".into(),
            run_id: "0190b0c0-0000-7000-8000-000000000000".into(),
        },
        scheduled_event_id: 5,
        attempt: 1,
        started_event_id: 0,
        request_id: "".into(),
    };
    let complete = |token: bytes::Bytes| {
        codec::encode(&Complete { token, result: json("1"), ..Complete::default() })
    };
    let to = |namespace| task_subject(namespace, "complete");
    let code = world.refusal(to(SHOP), complete("garbage".into())?).await?;
    assert_eq!(code, ErrorCode::BadToken);
    assert_eq!(world.refusal(to(SHOP), b"\x80".to_vec()).await?, ErrorCode::InvalidArgument);
    let code = world.refusal(to("other"), complete(forged.encode()?)?).await?;
    assert_eq!(code, ErrorCode::WrongNamespace);
    let code = world.refusal(to(SHOP), complete(forged.encode()?)?).await?;
    assert_eq!(code, ErrorCode::NotFound, "no such workflow");
    let run_id = world.start_workflow("order").await?.run_id;
    let forged = TaskToken { run: RunKey { run_id, ..forged.run.clone() }, ..forged };
    let code = world.refusal(to(SHOP), complete(forged.encode()?)?).await?;
    assert_eq!(code, ErrorCode::TaskNotFound, "no such activity");
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_answer_and_a_bad_command_are_refused() -> Result<()> {
    let world = World::start().await?;
    world.start_workflow("order").await?;
    let task = world.poll_workflow("order").await?;
    let bad: Command = CommandKind::CancelTimer { timer_id: "none".into() }.into();
    let complete = |token, commands| Complete { token, commands, ..Complete::default() };
    let subject = task_subject(SHOP, "complete");
    let body = codec::encode(&complete(task.token.clone(), vec![bad]))?;
    let code = world.refusal(subject.clone(), body.clone()).await?;
    assert_eq!(code, ErrorCode::BadCompletion);
    assert_eq!(world.refusal(subject.clone(), body).await?, ErrorCode::TaskNotFound);
    let task = world.poll_workflow("order").await?;
    let done = CommandKind::CompleteWorkflow { result: json("1") }.into();
    let complete = complete(task.token, vec![done]);
    let _: Completed = world.task("complete", &complete).await?;
    let code = world.refusal(subject, codec::encode(&complete)?).await?;
    assert!(matches!(code, ErrorCode::TaskNotFound | ErrorCode::AlreadyCompleted), "{code}");
    world.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_id_names_the_run_that_holds_it() -> Result<()> {
    let world = World::start().await?;
    let run_id = world.start_workflow("order").await?.run_id;
    let answer = world.raw(api_subject(SHOP, "start"), codec::encode(&start("order"))?).await?;
    let error = error(&answer)?.expect("the id is taken");
    assert_eq!(error.known_code(), Some(ErrorCode::AlreadyStarted));
    assert_eq!(error.details["run_id"], run_id.as_str());
    let mut repeat = start("order-2");
    repeat.request_id = "same".into();
    let first: message::Started = world.api("start", &repeat).await?;
    let again: message::Started = world.api("start", &repeat).await?;
    assert_eq!(first.run_id, again.run_id, "a repeated start is the same start");
    world.stop().await
}
