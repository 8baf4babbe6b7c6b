//! `list` and `count`.

use bytes::Bytes;
use steadfast_core::PayloadMap;
use steadfast_engine::api::{ListCursor, ListRequest};
use steadfast_protocol::{
    ErrorCode, codec,
    message::{self, ListedRun},
    subject::Token,
};

use crate::{
    door::{Answer, Context, namespace, read},
    fault::Fault,
    lists::ListRuns,
};

pub(super) async fn list(context: &Context, token: Token, body: &[u8]) -> Result<Answer, Fault> {
    let request: message::List = read(body)?;
    let namespace = namespace(token, request.namespace)?;
    let max_runs = match usize::try_from(request.max_runs) {
        Ok(0) | Err(_) => context.config.list_page_default,
        Ok(max) => max.min(context.config.list_page_max),
    };
    let Some(lists) = &context.lists else {
        if !request.query.is_empty() {
            return Err(not_kept());
        }
        let page = ListRequest { namespace, limit: max_runs, cursor: cursor(&request.page)? };
        return from_log(context, page).await;
    };
    context.engine.require_namespace(&namespace).await?;
    let wanted = ListRuns { namespace, query: request.query, max_runs, page: request.page };
    Answer::new(context, &lists.list(wanted, context.soon()).await?)
}

pub(super) async fn count(context: &Context, token: Token, body: &[u8]) -> Result<Answer, Fault> {
    let request: message::Count = read(body)?;
    let namespace = namespace(token, request.namespace)?;
    let lists = context.lists.as_ref().ok_or_else(not_kept)?;
    context.engine.require_namespace(&namespace).await?;
    Answer::new(context, &lists.count(namespace, request.query, context.soon()).await?)
}

fn not_kept() -> Fault {
    let message = "this server keeps no list of runs (visibility.enabled): queries have no answer";
    Fault::new(ErrorCode::InvalidArgument, message)
}

fn cursor(page: &[u8]) -> Result<Option<ListCursor>, Fault> {
    if page.is_empty() {
        return Ok(None);
    }
    let cursor = codec::decode_request(page);
    cursor.map(Some).map_err(|_| {
        Fault::new(ErrorCode::InvalidArgument, "page is not one that a list answered with")
    })
}

/// The log knows less of its runs, and finds none by what they are like.
async fn from_log(context: &Context, request: ListRequest) -> Result<Answer, Fault> {
    let page = context.engine.list(request, context.soon()).await?;
    let runs = page.runs.into_iter().map(|run| ListedRun {
        workflow_id: run.key.workflow_id,
        run_id: run.key.run_id,
        workflow_type: run.workflow_type,
        status: run.status,
        last_at_ms: run.last_at.as_millis(),
        started_at_ms: 0,
        closed_at_ms: None,
        task_queue: Default::default(),
        memo: PayloadMap::new(),
        search_attributes: PayloadMap::new(),
    });
    let next_page = match page.next {
        Some(cursor) => codec::encode(&cursor)?,
        None => Bytes::new(),
    };
    Answer::new(context, &message::ListPage { runs: runs.collect(), next_page })
}
