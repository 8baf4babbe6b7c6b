//! Any filter over any rows: what SQL finds is what plain code finds, and pages add up to the whole.

use std::{cmp::Ordering, collections::BTreeMap};

use proptest::{collection::vec, option, prelude::*, sample::select};
use rusqlite::{Connection, params_from_iter};
use steadfast_core::{
    AttributeType, Execution, Namespace, Payload, Span, Timestamp, builds::BUILDS_ATTRIBUTE,
    run::Status, search_attribute::keyword_list,
};

use super::{
    Direction, Query, evaluate,
    field::Field,
    list, read,
    tests::{BOUNDS, custom},
};
use crate::{
    api::RunInfo,
    query::Bind,
    row,
    store::{self, Applied, Dirty, Identity, Writer},
};

const TEXTS: [&str; 6] = ["", "a", "ab", "abc", "b c", "ä%_'"];

fn text() -> impl Strategy<Value = String> {
    select(&TEXTS[..]).prop_map(str::to_owned)
}

fn time() -> impl Strategy<Value = i64> {
    0..5_i64
}

fn json(json: serde_json::Value) -> Payload {
    Payload::new("json/plain", json.to_string())
}

/// A run's search attributes, each of its type.
fn attributes() -> impl Strategy<Value = BTreeMap<String, Payload>> {
    let one = |kind: AttributeType, value: BoxedStrategy<serde_json::Value>| {
        option::of(value).prop_map(move |value| {
            let mut payload = json(value?);
            payload.metadata.insert("type".to_owned(), kind.name().as_bytes().into());
            Some((format!("Custom{}", kind.name()), payload))
        })
    };
    let builds = option::of(vec(text(), 0..3))
        .prop_map(|list| list.map(|list| (BUILDS_ATTRIBUTE.to_owned(), keyword_list(&list))));
    let moment = time().prop_map(|nanos| format!("1970-01-01T00:00:00.{nanos:09}Z"));
    (
        one(AttributeType::Text, text().prop_map(Into::into).boxed()),
        one(AttributeType::Keyword, text().prop_map(Into::into).boxed()),
        one(AttributeType::Int, time().prop_map(Into::into).boxed()),
        one(AttributeType::Double, time().prop_map(|n| (n as f64 / 2.0).into()).boxed()),
        one(AttributeType::Bool, any::<bool>().prop_map(Into::into).boxed()),
        one(AttributeType::Datetime, moment.prop_map(Into::into).boxed()),
        one(AttributeType::KeywordList, vec(text(), 0..3).prop_map(Into::into).boxed()),
        builds,
    )
        .prop_map(|(a, b, c, d, e, f, g, h)| {
            [a, b, c, d, e, f, g, h].into_iter().flatten().collect()
        })
}

fn run() -> impl Strategy<Value = RunInfo> {
    let times = (time(), time(), option::of(time()), time());
    let names = (text(), text(), text(), option::of((text(), text())));
    (times, names, 1..9_i64, attributes()).prop_map(|(times, names, status, search_attributes)| {
        let (start, later, close, length) = times;
        let (workflow_id, workflow_type, task_queue, parent) = names;
        let execution = Execution { workflow_id: workflow_id.as_str().into(), run_id: "".into() };
        let parent = parent.map(|(workflow_id, run_id)| {
            let execution = Execution { workflow_id: workflow_id.into(), run_id: run_id.into() };
            (Namespace::from("ns"), execution)
        });
        RunInfo {
            namespace: "ns".into(),
            root: execution.clone(),
            execution,
            workflow_type: workflow_type.into(),
            status: row::status_of(status).unwrap_or(Status::Running),
            start_time: Timestamp(start),
            execution_time: Timestamp(start + later),
            last_time: Timestamp(start),
            close_time: close.map(Timestamp),
            execution_duration: close.map(|close| Span(close.unsigned_abs())),
            history_length: length,
            history_size_bytes: 100,
            state_transition_count: 3,
            task_queue: task_queue.into(),
            parent,
            first_run_id: "".into(),
            memo: BTreeMap::new(),
            search_attributes,
            user_metadata: None,
            paused: None,
            is_unreadable: false,
        }
    })
}

fn runs() -> impl Strategy<Value = Vec<RunInfo>> {
    vec(run(), 0..12).prop_map(|mut runs| {
        for (number, run) in runs.iter_mut().enumerate() {
            run.execution.run_id = format!("run-{number}").into();
        }
        runs
    })
}

fn quoted(text: String) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// One condition, as text.
fn leaf() -> BoxedStrategy<String> {
    let keyword = || {
        select(vec!["WorkflowId", "WorkflowType", "TaskQueue", "ParentWorkflowId", "CustomKeyword"])
    };
    let number =
        || select(vec!["HistoryLength", "CustomInt", "CustomDouble", "StartTime", "CloseTime"]);
    let compare = || select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let not = || select(vec!["", "NOT "]);
    let any_field = select(vec![
        "CloseTime",
        "ParentRunId",
        "CustomText",
        "CustomBool",
        "CustomDatetime",
        "CustomKeywordList",
        "BuildIds",
    ]);
    let list = || select(vec!["CustomKeywordList", "BuildIds"]);
    let equal = || select(vec!["=", "!="]);
    let moment = time().prop_map(|nanos| format!("'1970-01-01T00:00:00.{nanos:09}Z'"));
    prop_oneof![
        (keyword(), compare(), text()).prop_map(|(f, c, t)| format!("{f} {c} {}", quoted(t))),
        (number(), compare(), time()).prop_map(|(f, c, n)| format!("{f} {c} {n}")),
        (keyword(), not(), vec(text().prop_map(quoted), 1..3))
            .prop_map(|(f, n, list)| format!("{f} {n}IN ({})", list.join(", "))),
        (keyword(), not(), text())
            .prop_map(|(f, n, t)| format!("{f} {n}STARTS_WITH {}", quoted(t))),
        (number(), not(), time(), time())
            .prop_map(|(f, n, low, high)| format!("{f} {n}BETWEEN {low} AND {high}")),
        (any_field, not()).prop_map(|(f, n)| format!("{f} IS {n}NULL")),
        (equal(), 1..9_i64).prop_map(|(c, n)| format!("ExecutionStatus {c} {n}")),
        (list(), equal(), text()).prop_map(|(f, c, t)| format!("{f} {c} {}", quoted(t))),
        (list(), not(), vec(text().prop_map(quoted), 1..3))
            .prop_map(|(f, n, list)| format!("{f} {n}IN ({})", list.join(", "))),
        (equal(), select(vec!["a", "b", "c ab", "B-c"]))
            .prop_map(|(c, t)| format!("CustomText {c} '{t}'")),
        (equal(), any::<bool>()).prop_map(|(c, b)| format!("CustomBool {c} {b}")),
        (compare(), moment).prop_map(|(c, m)| format!("CustomDatetime {c} {m}")),
    ]
    .boxed()
}

fn filter() -> BoxedStrategy<String> {
    leaf()
        .prop_recursive(4, 16, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" AND "))),
                vec(inner.clone(), 2..4).prop_map(|any| format!("({})", any.join(" OR "))),
                inner.prop_map(|inner| format!("NOT ({inner})")),
            ]
        })
        .boxed()
}

fn order() -> impl Strategy<Value = String> {
    let field = select(vec![
        "WorkflowId",
        "StartTime",
        "CloseTime",
        "ParentWorkflowId",
        "ExecutionStatus",
        "CustomInt",
        "CustomKeyword",
        "CustomDatetime",
        "CustomKeywordList",
        "BuildIds",
        "CustomBool",
        "CustomDouble",
    ]);
    let one = (field, select(vec!["", " ASC", " DESC"])).prop_map(|(f, d)| format!("{f}{d}"));
    vec(one, 0..3).prop_map(|order| {
        if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) }
    })
}

/// A file with these runs.
fn stored(runs: &[RunInfo]) -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.sqlite");
    let mut writer = Writer::new(store::open(&path, &Identity("log".to_owned())).unwrap());
    let mut batch = writer.begin().unwrap();
    for run in runs {
        batch.save(None, run, Dirty::Attributes).unwrap();
    }
    batch.commit(&Applied::default()).unwrap();
    (folder, Connection::open(path).unwrap())
}

/// All runs of a query, in pages of two.
fn paged(connection: &Connection, query: &Query) -> Vec<RunInfo> {
    const LIMIT: usize = 2;
    let (mut found, mut after) = (Vec::new(), None::<Vec<Bind>>);
    loop {
        let statement = list("ns", query, after.as_deref(), LIMIT);
        let mut prepared = connection.prepare(&statement.sql).unwrap();
        let mut rows = prepared.query(params_from_iter(&statement.binds)).unwrap();
        let (mut page, mut keys) = (0, Vec::new());
        while let Some(row) = rows.next().unwrap() {
            found.push(row::read(&"ns".into(), row).unwrap());
            let columns = row::WIDTH..row::WIDTH + statement.keys;
            keys = columns.map(|column| row.get(column).unwrap()).collect();
            page += 1;
        }
        if page < LIMIT {
            return found;
        }
        after = Some(keys);
    }
}

/// What the order says of two runs.
fn ordered(query: &Query, a: &RunInfo, b: &RunInfo) -> Ordering {
    let by_field = |(field, direction): &(Field, Direction)| {
        let best = |run: &RunInfo| {
            let values = evaluate::values(run, field).into_iter();
            match direction {
                Direction::Ascending => values.min_by(evaluate::order),
                Direction::Descending => values.max_by(evaluate::order),
            }
        };
        match (best(a), best(b)) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => match direction {
                Direction::Ascending => evaluate::order(&a, &b),
                Direction::Descending => evaluate::order(&b, &a),
            },
        }
    };
    let wanted = query.order_by.iter().map(by_field).find(|order| order.is_ne());
    let newest = |run: &RunInfo| (run.close_time.map_or(i64::MAX, |t| t.0), run.start_time.0);
    wanted
        .unwrap_or(Ordering::Equal)
        .then_with(|| newest(b).cmp(&newest(a)))
        .then_with(|| a.execution.run_id.cmp(&b.execution.run_id))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn sql_finds_what_plain_code_finds(runs in runs(), filter in filter(), order in order()) {
        let text = format!("{filter}{order}");
        let query = read(&text, &custom(), BOUNDS).unwrap();
        let (_folder, connection) = stored(&runs);
        let condition = query.filter.as_ref().unwrap();
        let mut expected: Vec<RunInfo> =
            runs.iter().filter(|run| evaluate::fits(run, condition)).cloned().collect();
        expected.sort_by(|a, b| ordered(&query, a, b));
        let found = paged(&connection, &query);
        let names = |runs: &[RunInfo]| -> Vec<String> {
            runs.iter().map(|run| run.execution.run_id.to_string()).collect()
        };
        prop_assert_eq!(names(&found), names(&expected), "{}", text);
        prop_assert_eq!(found, expected);
    }
}
