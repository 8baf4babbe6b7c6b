//! The one connection that writes: rows, and how far they reach, in one transaction.

use std::collections::HashMap;

use rusqlite::{
    Connection, OptionalExtension, Transaction, TransactionBehavior, params, params_from_iter,
    types::Value,
};
use steadfast_core::{AttributeType, Namespace, RunKey};
use steadfast_engine::ports::{Partition, Purged, Sequence};

use super::PURGES;
use crate::{
    api::RunInfo,
    row::{self, RowError},
};

/// Why a transaction failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the file cannot be written")]
    Sql(#[from] rusqlite::Error),
    #[error(transparent)]
    Row(#[from] RowError),
    #[error("a row cannot be encoded")]
    Encode(#[from] rmp_serde::encode::Error),
}

/// How far the file got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    /// In each partition; one that is missing was never followed.
    pub(crate) partitions: HashMap<Partition, Sequence>,
    /// Among the purges; nothing in a file that is new.
    pub(crate) purges: Option<Sequence>,
}

/// What a row is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dirty {
    /// It stays what it is.
    Clean,
    /// Only counters changed.
    Progress,
    /// The builds changed as well, which many runs have in common.
    Builds,
    /// Anything changed, except search attributes.
    Row,
    /// Search attributes changed as well.
    Attributes,
}

/// The connection, and the ids it remembers.
#[derive(Debug)]
pub(crate) struct Writer {
    connection: Connection,
    namespaces: HashMap<Namespace, i64>,
    keys: HashMap<(i64, String, AttributeType), i64>,
    builds: HashMap<String, i64>,
}

impl Writer {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection,
            namespaces: HashMap::new(),
            keys: HashMap::new(),
            builds: HashMap::new(),
        }
    }

    /// How far the file got.
    pub(crate) fn applied(&self) -> rusqlite::Result<Applied> {
        applied(&self.connection)
    }

    /// Begins a transaction; what it learns of ids is forgotten unless it is committed.
    pub(crate) fn begin(&mut self) -> rusqlite::Result<Batch<'_>> {
        let Self { connection, namespaces, keys, builds } = self;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Batch { transaction, namespaces, keys, builds })
    }

    /// After a failed transaction: what it remembered may not be in the file.
    pub(crate) fn forget(&mut self) {
        self.namespaces.clear();
        self.keys.clear();
        self.builds.clear();
    }
}

/// One transaction.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    transaction: Transaction<'a>,
    namespaces: &'a mut HashMap<Namespace, i64>,
    keys: &'a mut HashMap<(i64, String, AttributeType), i64>,
    builds: &'a mut HashMap<String, i64>,
}

const INSERT: &str = "INSERT INTO run (workflow_id, run_id, workflow_type, status, start_time, \
    execution_time, close_time, execution_duration, history_length, history_size_bytes, \
    state_transition_count, task_queue, parent_workflow_id, parent_run_id, root_workflow_id, \
    root_run_id, details, last_time, order_time, division, builds, namespace) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const UPDATE: &str = "UPDATE run SET workflow_id = ?, run_id = ?, workflow_type = ?, status = ?, \
    start_time = ?, execution_time = ?, close_time = ?, execution_duration = ?, \
    history_length = ?, history_size_bytes = ?, state_transition_count = ?, task_queue = ?, \
    parent_workflow_id = ?, parent_run_id = ?, root_workflow_id = ?, root_run_id = ?, \
    details = ?, last_time = ?, order_time = ?, division = ?, builds = ? WHERE id = ?";

const PROGRESS: &str = "UPDATE run SET history_length = ?, history_size_bytes = ?, \
    state_transition_count = ?, last_time = ? WHERE id = ?";

const BUILDS: &str = "UPDATE run SET history_length = ?, history_size_bytes = ?, \
    state_transition_count = ?, last_time = ?, builds = ? WHERE id = ?";

/// Lists of builds whose ids are at hand: there are few, since most runs have the same.
const BUILDS_MAX: usize = 1_024;

impl Batch<'_> {
    /// How far the file got, now that nobody else can write it.
    pub(crate) fn applied(&self) -> rusqlite::Result<Applied> {
        applied(&self.transaction)
    }

    /// A run's row, if there is one.
    pub(crate) fn find(&mut self, key: &RunKey) -> Result<Option<(i64, RunInfo)>, StoreError> {
        let Some(namespace) = self.known_namespace(&key.namespace)? else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT {}, id FROM run WHERE namespace = ? AND workflow_id = ? AND run_id = ?",
            row::COLUMNS
        );
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let mut rows =
            statement.query(params![namespace, key.workflow_id.as_str(), key.run_id.as_str()])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        Ok(Some((row.get(row::WIDTH)?, row::read(&key.namespace, row)?)))
    }

    /// Writes what became of a run; its row's id.
    pub(crate) fn save(
        &mut self,
        id: Option<i64>,
        run: &RunInfo,
        dirty: Dirty,
    ) -> Result<i64, StoreError> {
        let namespace = self.namespace(&run.namespace)?;
        let Some(id) = id else {
            let mut values = self.values(run)?;
            values.push(Value::Integer(namespace));
            let mut insert = self.transaction.prepare_cached(INSERT)?;
            let id = insert.insert(params_from_iter(values))?;
            drop(insert);
            self.index(id, namespace, run)?;
            return Ok(id);
        };
        match dirty {
            Dirty::Clean => return Ok(id),
            Dirty::Progress => {
                let [length, bytes, transitions, last] = row::progress(run);
                let mut update = self.transaction.prepare_cached(PROGRESS)?;
                update.execute(params![length, bytes, transitions, last, id])?;
                return Ok(id);
            }
            Dirty::Builds => {
                let [length, bytes, transitions, last] = row::progress(run);
                let builds = self.builds(row::builds(run))?;
                let mut update = self.transaction.prepare_cached(BUILDS)?;
                update.execute(params![length, bytes, transitions, last, builds, id])?;
                return Ok(id);
            }
            Dirty::Row | Dirty::Attributes => {}
        }
        let mut values = self.values(run)?;
        values.push(Value::Integer(id));
        self.transaction.prepare_cached(UPDATE)?.execute(params_from_iter(values))?;
        if dirty == Dirty::Attributes {
            self.unindex(id)?;
            self.index(id, namespace, run)?;
        }
        Ok(id)
    }

    /// Removes a run that is gone from the log, and remembers that until its last record has been passed:
    /// records that were already under way must not bring it back.
    pub(crate) fn remove(&mut self, purged: &Purged, applied: Sequence) -> Result<(), StoreError> {
        let key = &purged.address.key;
        if let Some((id, _)) = self.find(key)? {
            self.transaction.prepare_cached("DELETE FROM run WHERE id = ?")?.execute([id])?;
            self.unindex(id)?;
        }
        if applied < purged.through {
            let mut insert = self
                .transaction
                .prepare_cached("INSERT OR REPLACE INTO removed VALUES (?, ?, ?, ?, ?)")?;
            insert.execute(params![
                key.namespace.as_str(),
                key.workflow_id.as_str(),
                key.run_id.as_str(),
                purged.address.partition.0,
                signed(purged.through),
            ])?;
        }
        Ok(())
    }

    /// Whether the run was removed after this record.
    pub(crate) fn is_removed(&self, key: &RunKey, at: Sequence) -> rusqlite::Result<bool> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT through FROM removed WHERE namespace = ? AND workflow_id = ? AND run_id = ?",
        )?;
        let names = [key.namespace.as_str(), key.workflow_id.as_str(), key.run_id.as_str()];
        let through: Option<i64> = statement.query_row(names, |row| row.get(0)).optional()?;
        Ok(through.is_some_and(|through| signed(at) <= through))
    }

    /// Notes how far the file got, and ends the transaction.
    pub(crate) fn commit(self, applied: &Applied) -> rusqlite::Result<()> {
        let mut statement =
            self.transaction.prepare_cached("INSERT OR REPLACE INTO applied VALUES (?, ?)")?;
        let mut passed = self
            .transaction
            .prepare_cached("DELETE FROM removed WHERE source = ? AND through <= ?")?;
        for (partition, sequence) in &applied.partitions {
            statement.execute(params![partition.0, signed(*sequence)])?;
            passed.execute(params![partition.0, signed(*sequence)])?;
        }
        if let Some(sequence) = applied.purges {
            statement.execute(params![PURGES, signed(sequence)])?;
        }
        drop((statement, passed));
        self.transaction.commit()
    }

    fn index(&mut self, id: i64, namespace: i64, run: &RunInfo) -> Result<(), StoreError> {
        for (name, (kind, values)) in row::indexed(run) {
            let key = self.attribute_key(namespace, name, kind)?;
            let mut insert = self
                .transaction
                .prepare_cached("INSERT OR IGNORE INTO attribute VALUES (?, ?, ?)")?;
            for value in values {
                insert.execute(params![key, value, id])?;
            }
        }
        Ok(())
    }

    fn unindex(&self, id: i64) -> rusqlite::Result<()> {
        let mut delete = self.transaction.prepare_cached("DELETE FROM attribute WHERE run = ?")?;
        delete.execute([id]).map(drop)
    }

    fn known_namespace(&mut self, name: &Namespace) -> rusqlite::Result<Option<i64>> {
        if let Some(id) = self.namespaces.get(name) {
            return Ok(Some(*id));
        }
        let mut statement =
            self.transaction.prepare_cached("SELECT id FROM namespace WHERE name = ?")?;
        let id = statement.query_row([name.as_str()], |row| row.get(0)).optional()?;
        if let Some(id) = id {
            self.namespaces.insert(name.clone(), id);
        }
        Ok(id)
    }

    fn namespace(&mut self, name: &Namespace) -> rusqlite::Result<i64> {
        if let Some(id) = self.known_namespace(name)? {
            return Ok(id);
        }
        let mut insert =
            self.transaction.prepare_cached("INSERT INTO namespace (name) VALUES (?)")?;
        let id = insert.insert([name.as_str()])?;
        self.namespaces.insert(name.clone(), id);
        Ok(id)
    }

    /// Every column of the run's row but its id and namespace.
    fn values(&mut self, run: &RunInfo) -> Result<Vec<Value>, StoreError> {
        let builds = row::builds(run);
        let mut values = row::values(run, builds.is_some())?;
        values.push(self.builds(builds)?);
        Ok(values)
    }

    /// The id of a list of builds. A list that no run has any more stays: it is small.
    fn builds(&mut self, list: Option<String>) -> Result<Value, StoreError> {
        let Some(list) = list else {
            return Ok(Value::Null);
        };
        if let Some(id) = self.builds.get(&list) {
            return Ok(Value::Integer(*id));
        }
        let mut select = self.transaction.prepare_cached("SELECT id FROM builds WHERE list = ?")?;
        let id = match select.query_row([&list], |row| row.get(0)).optional()? {
            Some(id) => id,
            None => self
                .transaction
                .prepare_cached("INSERT INTO builds (list) VALUES (?)")?
                .insert([&list])?,
        };
        if self.builds.len() >= BUILDS_MAX {
            self.builds.clear();
        }
        self.builds.insert(list, id);
        Ok(Value::Integer(id))
    }

    fn attribute_key(
        &mut self,
        namespace: i64,
        name: &str,
        kind: AttributeType,
    ) -> rusqlite::Result<i64> {
        let known = (namespace, name.to_owned(), kind);
        if let Some(id) = self.keys.get(&known) {
            return Ok(*id);
        }
        let names = params![namespace, name, kind.number()];
        let mut select = self.transaction.prepare_cached(
            "SELECT id FROM attribute_key WHERE namespace = ? AND name = ? AND kind = ?",
        )?;
        let found = select.query_row(names, |row| row.get(0)).optional()?;
        let id = match found {
            Some(id) => id,
            None => self
                .transaction
                .prepare_cached(
                    "INSERT INTO attribute_key (namespace, name, kind) VALUES (?, ?, ?)",
                )?
                .insert(names)?,
        };
        self.keys.insert(known, id);
        Ok(id)
    }
}

fn applied(connection: &Connection) -> rusqlite::Result<Applied> {
    let mut applied = Applied::default();
    let mut statement = connection.prepare_cached("SELECT source, sequence FROM applied")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (source, sequence): (i64, i64) = (row.get(0)?, row.get(1)?);
        match u32::try_from(source) {
            Ok(partition) => {
                applied.partitions.insert(Partition(partition), sequence.unsigned_abs());
            }
            Err(_) => applied.purges = Some(sequence.unsigned_abs()),
        }
    }
    Ok(applied)
}

fn signed(sequence: Sequence) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
