//! The file's form. Another version, another log or a broken file: it is made anew.

use std::{fs, io, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;

/// Raised whenever the tables, or what their values mean, change.
const VERSION: i64 = 2;

/// How long somebody else may hold the file, such as a projection that ends.
const BUSY: Duration = Duration::from_secs(5);

const TABLES: &str = "
CREATE TABLE log (identity TEXT NOT NULL);
CREATE TABLE applied (source INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
CREATE TABLE namespace (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    workflow_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    workflow_type TEXT NOT NULL,
    status INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    execution_time INTEGER NOT NULL,
    close_time INTEGER,
    execution_duration INTEGER,
    history_length INTEGER NOT NULL,
    history_size_bytes INTEGER NOT NULL,
    state_transition_count INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    task_queue TEXT NOT NULL,
    parent_workflow_id TEXT,
    parent_run_id TEXT,
    root_workflow_id TEXT NOT NULL,
    root_run_id TEXT NOT NULL,
    details BLOB NOT NULL,
    order_time INTEGER NOT NULL,
    division TEXT,
    builds INTEGER
);
CREATE UNIQUE INDEX run_name ON run (namespace, workflow_id, run_id);
CREATE INDEX run_order ON run (namespace, order_time DESC, start_time DESC, run_id, workflow_id);
CREATE INDEX run_status ON run (namespace, division, status);
CREATE INDEX run_type ON run (namespace, workflow_type);
CREATE INDEX run_start ON run (namespace, start_time);
CREATE INDEX run_parent ON run (namespace, parent_workflow_id)
    WHERE parent_workflow_id IS NOT NULL;
CREATE TABLE builds (id INTEGER PRIMARY KEY, list TEXT NOT NULL UNIQUE);
CREATE TABLE attribute_key (
    id INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    UNIQUE (namespace, name, kind)
);
CREATE TABLE attribute (
    key INTEGER NOT NULL,
    value NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (key, value, run)
) WITHOUT ROWID;
CREATE INDEX attribute_run ON attribute (run, key, value);
CREATE TABLE removed (
    namespace TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    source INTEGER NOT NULL,
    through INTEGER NOT NULL,
    PRIMARY KEY (namespace, workflow_id, run_id)
) WITHOUT ROWID;
";

/// What the file is a projection of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity(pub(crate) String);

/// Opens the file for writing, and makes it anew unless it is a projection of this log in this
/// version's form.
pub(crate) fn open(path: &Path, identity: &Identity) -> Result<Connection, OpenError> {
    match existing(path, identity) {
        Ok(Some(connection)) => return Ok(connection),
        Ok(None) => {}
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the visibility file cannot be used and is made anew");
        }
    }
    anew(path, identity)
}

/// Makes the file anew.
pub(crate) fn anew(path: &Path, identity: &Identity) -> Result<Connection, OpenError> {
    remove(path).map_err(|error| OpenError::File(error.into()))?;
    made(path, identity).map_err(|error| OpenError::File(error.into()))
}

fn existing(path: &Path, identity: &Identity) -> rusqlite::Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = Connection::open(path)?;
    prepare(&connection)?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version != VERSION {
        tracing::info!(version, wanted = VERSION, "the visibility file has another form");
        return Ok(None);
    }
    let of: String = connection.query_row("SELECT identity FROM log", [], |row| row.get(0))?;
    if of != identity.0 {
        tracing::info!("the visibility file belongs to another log");
        return Ok(None);
    }
    Ok(Some(connection))
}

fn made(path: &Path, identity: &Identity) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open(path)?;
    prepare(&connection)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO log VALUES (?)", [&identity.0])?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(connection)
}

/// Losing the last transactions at a power loss is fine: they are read from the log again. A torn file
/// is not, hence `NORMAL`.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// One more connection, which only reads.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::create_dir_all(folder),
        Some(_) | None => Ok(()),
    }
}
