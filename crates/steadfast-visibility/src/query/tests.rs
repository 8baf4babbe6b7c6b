//! Queries as text -> SQL and binds as text, and every way of being wrong with its wording.

use expect_test::{Expect, expect};
use steadfast_core::AttributeType;

use super::*;

pub(super) fn custom() -> CustomAttributes {
    AttributeType::ALL.iter().map(|kind| (format!("Custom{}", kind.name()), *kind)).collect()
}

pub(super) const BOUNDS: Bounds = Bounds { bytes_max: 4_096, conditions_max: 100 };

fn condition(text: &str) -> Result<Statement, InvalidQuery> {
    let query = read(text, &custom(), BOUNDS)?;
    Ok(count("ns", &query))
}

/// What the query's condition becomes, without what every statement begins with.
fn check(text: &str, expected: Expect) {
    let written = match condition(text) {
        Ok(Statement { sql, binds, .. }) => {
            let start = "SELECT count(*) FROM run WHERE \
                         namespace = (SELECT id FROM namespace WHERE name = ?)";
            let sql = sql.strip_prefix(start).unwrap_or(&sql);
            let sql = sql.strip_prefix(" AND division IS NULL").unwrap_or(sql);
            let key = "SELECT run FROM attribute WHERE key = (SELECT id FROM attribute_key WHERE \
                       namespace = (SELECT id FROM namespace WHERE name = ?) AND name = ? AND kind = ?)";
            let sql = sql.replace(key, "…key");
            let binds: Vec<String> = binds[1..]
                .iter()
                .map(|bind| match bind {
                    Bind::Null => "NULL".to_owned(),
                    Bind::Integer(int) => int.to_string(),
                    Bind::Real(real) => format!("{real:?}"),
                    Bind::Text(text) => format!("{text:?}"),
                    Bind::Blob(_) => "a blob".to_owned(),
                })
                .collect();
            format!("{} <- {}", sql.trim_start_matches(" AND "), binds.join(", "))
        }
        Err(error) => format!("invalid query: {error}"),
    };
    expected.assert_eq(&written);
}

#[rustfmt::skip] // a line per case
#[test]
fn columns_are_compared_with_bound_values() {
    check("", expect![" <- "]);
    check("WorkflowId = 'a'", expect![[r#"workflow_id = ? <- "a""#]]);
    check("WorkflowId = \"it's \\\"quoted\\\"\"", expect![[r#"workflow_id = ? <- "it's \"quoted\"""#]]);
    check("`WorkflowType` != 'a' AND RunId <> 'b'", expect![[r#"(workflow_type != ? AND run_id != ?) <- "a", "b""#]]);
    check("StartTime > '2024-01-01T00:00:00Z' and StartTime <= 5", expect!["(start_time > ? AND start_time <= ?) <- 1704067200000000000, 5"]);
    check("CloseTime BETWEEN '2024-01-01T00:00:00+01:00' AND '2024-01-02T00:00:00.5Z'", expect!["close_time BETWEEN ? AND ? <- 1704063600000000000, 1704153600500000000"]);
    check("ExecutionStatus = 'Running' OR ExecutionStatus = 2 OR ExecutionStatus IN ('Failed', \"TimedOut\")", expect!["(status = ? OR (status = ? OR status IN (?, ?))) <- 1, 2, 3, 7"]);
    check("ExecutionStatus = 'WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW'", expect!["status = ? <- 6"]);
    check("ExecutionDuration > '1h' AND ExecutionDuration < '01:30:00' AND ExecutionDuration != 17", expect!["(execution_duration > ? AND (execution_duration < ? AND execution_duration != ?)) <- 3600000000000, 5400000000000, 17"]);
    check("HistoryLength >= -3", expect!["history_length >= ? <- -3"]);
    check("ParentWorkflowId IS NULL AND CloseTime IS NOT NULL", expect!["(parent_workflow_id IS NULL AND close_time IS NOT NULL) <- "]);
    check("WorkflowId STARTS_WITH 'ab' AND WorkflowId NOT STARTS_WITH 'abc'", expect![[r#"((workflow_id >= ? AND workflow_id < ?) AND NOT (workflow_id >= ? AND workflow_id < ?)) <- "ab", "ac", "abc", "abd""#]]);
    check("WorkflowId NOT IN ('a', 'b') and TaskQueue NOT BETWEEN 'a' AND 'b'", expect![[r#"(workflow_id NOT IN (?, ?) AND task_queue NOT BETWEEN ? AND ?) <- "a", "b", "a", "b""#]]);
    check("ScheduleId = 'a' AND TemporalScheduleId = 'b' AND TemporalWorkflowId = 'c'", expect![[r#"(workflow_id = ? AND (workflow_id = ? AND workflow_id = ?)) <- "a", "b", "c""#]]);
}

#[rustfmt::skip] // a line per case
#[test]
fn negation_moves_inwards() {
    check("NOT WorkflowId = 'a'", expect![[r#"workflow_id != ? <- "a""#]]);
    check("NOT (WorkflowId = 'a' AND NOT (HistoryLength < 3 OR CloseTime IS NULL))", expect![[r#"(workflow_id != ? OR (history_length < ? OR close_time IS NULL)) <- "a", 3"#]]);
    check("NOT WorkflowId IN ('a') AND NOT WorkflowId STARTS_WITH 'b' AND NOT StartTime BETWEEN 1 AND 2", expect![[r#"(workflow_id NOT IN (?) AND (NOT (workflow_id >= ? AND workflow_id < ?) AND start_time NOT BETWEEN ? AND ?)) <- "a", "b", "c", 1, 2"#]]);
    check("NOT CustomKeywordList = 'a' AND NOT CustomText != 'b'", expect![[r#"(id NOT IN (…key AND value IN (?)) AND ((id IN (…key AND value = ?)))) <- "ns", "CustomKeywordList", 7, "a", "ns", "CustomText", 1, "b""#]]);
}

#[rustfmt::skip] // a line per case
#[test]
fn attributes_are_found_through_their_index() {
    check("CustomKeyword = 'a'", expect![[r#"id IN (…key AND value = ?) <- "ns", "CustomKeyword", 2, "a""#]]);
    check("CustomInt > 1 AND CustomDouble <= 1.5 AND CustomBool = true AND CustomDatetime = '1970-01-01T00:00:01Z'", expect![[r#"((id IN (…key AND value > ?) AND id IN (…key AND value <= ?)) AND (id IN (…key AND value = ?) AND id IN (…key AND value = ?))) <- "ns", "CustomInt", 3, 1, "ns", "CustomDouble", 4, 1.5, "ns", "CustomBool", 5, 1, "ns", "CustomDatetime", 6, 1000000000"#]]);
    check("CustomKeywordList = 'a' AND CustomKeywordList NOT IN ('b', 'c')", expect![[r#"(id IN (…key AND value IN (?)) AND id NOT IN (…key AND value IN (?, ?))) <- "ns", "CustomKeywordList", 7, "a", "ns", "CustomKeywordList", 7, "b", "c""#]]);
    check("CustomText = 'Quick fox-trot'", expect![[r#"((id IN (…key AND value = ?)) OR (id IN (…key AND value = ?) AND id IN (…key AND value = ?))) <- "ns", "CustomText", 1, "quick", "ns", "CustomText", 1, "fox", "ns", "CustomText", 1, "trot""#]]);
    check("CustomKeyword IS NULL AND CustomInt IS NOT NULL", expect![[r#"(id NOT IN (…key) AND id IN (…key)) <- "ns", "CustomKeyword", 2, "ns", "CustomInt", 3"#]]);
    check("TemporalChangeVersion = 'a-1' AND BuildIds IN ('x')", expect![[r#"(id IN (…key AND value IN (?)) AND coalesce(builds, 0) IN (SELECT b.id FROM builds AS b, json_each(b.list) WHERE 1 AND value IN (?))) <- "ns", "TemporalChangeVersion", 7, "a-1", "x""#]]);
    check("TemporalNamespaceDivision = 'd'", expect![[r#"division = ? <- "d""#]]);
    check("ScheduledById = 's'", expect![[r#"id IN (…key AND value = ?) <- "ns", "TemporalScheduledById", 2, "s""#]]);
}

#[rustfmt::skip] // a line per case
#[test]
fn mistakes_are_named() {
    check("Nothing = 'a'", expect!["invalid query: invalid expression: column name 'Nothing' is not a valid search attribute"]);
    check("WorkflowId = ", expect!["invalid query: malformed SQL query: Expected: an expression, found: EOF"]);
    check("WorkflowId = 'a' 'b' c", expect!["invalid query: malformed SQL query: syntax error near ''b''"]);
    check("WorkflowId = a", expect!["invalid query: operation is not supported: column name on the right side of comparison expression (did you forget to quote 'a'?)"]);
    check("WorkflowId = 5", expect!["invalid query: invalid expression: invalid value type for search attribute WorkflowId of type Keyword: 5 (type: int64)"]);
    check("WorkflowId LIKE 'a%'", expect!["invalid query: operation is not supported: operator 'LIKE' not supported for Keyword type search attribute 'WorkflowId'"]);
    check("WorkflowId = NULL", expect!["invalid query: invalid expression: unexpected value type NULL"]);
    check("WorkflowId", expect!["invalid query: invalid expression: incomplete expression"]);
    check("'a' = WorkflowId", expect!["invalid query: invalid expression: must be a column name but was 'a'"]);
    check("lower(WorkflowId) = 'a'", expect!["invalid query: invalid expression: must be a column name but was lower(WorkflowId)"]);
    check("WorkflowId = lower('a')", expect!["invalid query: operation is not supported: nested func"]);
    check("StartTime > 'yesterday'", expect!["invalid query: invalid expression: unable to parse datetime 'yesterday'"]);
    check("StartTime > 1.5", expect!["invalid query: invalid expression: invalid value type for search attribute StartTime of type Datetime: 1.5 (type: float64)"]);
    check("ExecutionStatus = 'Done'", expect!["invalid query: invalid expression: invalid ExecutionStatus value 'Done'"]);
    check("ExecutionStatus = 77", expect!["invalid query: invalid expression: invalid ExecutionStatus value 77"]);
    check("ExecutionDuration = 'long'", expect!["invalid query: invalid expression: invalid duration value for search attribute ExecutionDuration: long"]);
    check("CustomInt = 'a'", expect![[r#"invalid query: invalid expression: invalid value type for search attribute CustomInt of type Int: "a" (type: string)"#]]);
    check("CustomBool = 1", expect!["invalid query: invalid expression: invalid value type for search attribute CustomBool of type Bool: 1 (type: int64)"]);
    check("CustomBool BETWEEN true AND false", expect!["invalid query: invalid expression: cannot do range condition on search attribute 'CustomBool' of type Bool"]);
    check("CustomText > 'a'", expect!["invalid query: operation is not supported: operator '>' not supported for Text type search attribute 'CustomText'"]);
    check("CustomText IN ('a')", expect!["invalid query: operation is not supported: operator 'IN' not supported for Text type search attribute 'CustomText'"]);
    check("CustomText = ' '", expect!["invalid query: invalid expression: unexpected value for Text type search attribute (no tokens found)"]);
    check("CustomKeywordList STARTS_WITH 'a'", expect!["invalid query: operation is not supported: operator 'STARTS_WITH' not supported for KeywordList type search attribute 'CustomKeywordList'"]);
    check("CustomInt STARTS_WITH 'a'", expect!["invalid query: operation is not supported: operator 'STARTS_WITH' not supported for Int type search attribute 'CustomInt'"]);
    check("WorkflowId IS TRUE", expect!["invalid query: invalid expression: 'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'"]);
    check("WorkflowId = 'a' LIMIT 5", expect!["invalid query: operation is not supported: 'LIMIT' clause"]);
    check("GROUP BY WorkflowId", expect!["invalid query: operation is not supported: 'GROUP BY' clause is not supported for search attribute WorkflowId"]);
    check("GROUP BY ExecutionStatus, WorkflowId", expect!["invalid query: operation is not supported: 'GROUP BY' clause supports only a single field"]);
    check("ORDER BY CustomText", expect!["invalid query: operation is not supported: unable to sort by search attribute type Text"]);
    check("GROUP BY ExecutionStatus ORDER BY StartTime", expect!["invalid query: operation is not supported: 'ORDER BY' clause is not supported with 'GROUP BY' clause"]);
    check("WorkflowId IN (SELECT 1)", expect!["invalid query: operation is not supported: expression `WorkflowId IN (SELECT 1)`"]);
    check("WorkflowId = 'a'; DROP TABLE run", expect!["invalid query: malformed SQL query: syntax error near 'DROP'"]);
    check("1 = 1", expect!["invalid query: invalid expression: must be a column name but was 1"]);
    check("WorkflowId + 1 = 2", expect!["invalid query: invalid expression: must be a column name but was WorkflowId + 1"]);
    check(&format!("{}WorkflowId = 'a'{}", "(".repeat(100), ")".repeat(100)), expect!["invalid query: malformed SQL query: expressions nest too deeply"]);
    check(&"x".repeat(5_000), expect!["invalid query: malformed SQL query: the query has 5000 bytes, at most 4096"]);
    check(&["WorkflowId = 'a'"; 101].join(" OR "), expect!["invalid query: operation is not supported: so many conditions and values in one query"]);
}

#[test]
fn lists_are_ordered_and_go_on_after_a_key() {
    let query = read("ORDER BY CustomInt DESC, StartTime", &custom(), BOUNDS).unwrap();
    let first = list("ns", &query, None, 10);
    expect!["WHERE namespace = (SELECT id FROM namespace WHERE name = ?) AND division IS NULL ORDER BY k0 IS NULL, k0 DESC, k1, k2 DESC, k3 DESC, k4, k5 LIMIT ?"].assert_eq(first.sql.rsplit_once(" FROM run ").unwrap().1);
    let after = [5, 6, 7, 8].map(Bind::Integer);
    let after = after.into_iter().chain(["r", "w"].map(|text| Bind::Text(text.to_owned())));
    let next = list("ns", &query, Some(&after.collect::<Vec<_>>()), 10);
    expect!["WHERE namespace = (SELECT id FROM namespace WHERE name = ?) AND division IS NULL AND (k0 < ? OR k0 IS NULL OR (k0 IS ? AND (k1 > ? OR (k1 IS ? AND (k2 < ? OR (k2 IS ? AND (k3 < ? OR (k3 IS ? AND (k4 > ? OR (k4 IS ? AND (k5 > ?))))))))))) ORDER BY k0 IS NULL, k0 DESC, k1, k2 DESC, k3 DESC, k4, k5 LIMIT ?"].assert_eq(next.sql.rsplit_once(" FROM run ").unwrap().1);
    let all = read("", &custom(), BOUNDS).unwrap();
    let after = [1, 2].map(Bind::Integer).into_iter();
    let after = after.chain(["r", "w"].map(|text| Bind::Text(text.to_owned())));
    let next = list("ns", &all, Some(&after.collect::<Vec<_>>()), 10);
    expect!["SELECT workflow_id, run_id, workflow_type, status, start_time, execution_time, close_time, execution_duration, history_length, history_size_bytes, state_transition_count, task_queue, parent_workflow_id, parent_run_id, root_workflow_id, root_run_id, details, last_time, (SELECT list FROM builds WHERE id = run.builds), order_time AS k0, start_time AS k1, run_id AS k2, workflow_id AS k3 FROM run WHERE namespace = (SELECT id FROM namespace WHERE name = ?) AND division IS NULL AND k0 <= ? AND (k0 < ? OR (k0 IS ? AND (k1 < ? OR (k1 IS ? AND (k2 > ? OR (k2 IS ? AND (k3 > ?))))))) ORDER BY k0 DESC, k1 DESC, k2, k3 LIMIT ?"].assert_eq(&next.sql);
}

#[test]
fn counts_are_grouped() {
    let query = read("WorkflowType = 'a' GROUP BY ExecutionStatus", &custom(), BOUNDS).unwrap();
    expect!["SELECT status, count(*) FROM run WHERE namespace = (SELECT id FROM namespace WHERE name = ?) AND division IS NULL AND workflow_type = ? GROUP BY status ORDER BY status"].assert_eq(&count("ns", &query).sql);
    let query = read("group by `TemporalNamespaceDivision`", &custom(), BOUNDS).unwrap();
    expect!["SELECT division, count(*) FROM run WHERE namespace = (SELECT id FROM namespace WHERE name = ?) GROUP BY division ORDER BY division"].assert_eq(&count("ns", &query).sql);
}

#[test]
fn words_are_letters_and_digits_without_case() {
    assert_eq!(
        words("The quick-brown Fox, 2 ÄPFEL."),
        ["the", "quick", "brown", "fox", "2", "äpfel"]
    );
    assert_eq!(words(" -,"), Vec::<String>::new());
}
