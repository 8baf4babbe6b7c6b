//! What the gateway needs beside the engine, as a trait that the binary implements.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use steadfast_core::{Namespace, Span};
use steadfast_engine::search_attributes::CustomAttributes;

/// A namespace, as `DescribeNamespace` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceSettings {
    /// Its name.
    pub name: Namespace,
    /// A UUID that stays when the name is given to another namespace.
    pub id: String,
    /// Open for new runs, or not any more.
    pub state: NamespaceState,
    /// For people.
    pub description: String,
    /// Whom to ask.
    pub owner_email: String,
    /// Free notes.
    pub data: BTreeMap<String, String>,
    /// How long closed runs are kept.
    pub retention: Span,
}

/// Whether a namespace takes new runs (`temporal.api.enums.v1.NamespaceState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamespaceState {
    /// It does.
    #[default]
    Registered,
    /// It should not, and still does.
    Deprecated,
    /// It is being removed.
    Deleted,
}

/// What to change of a namespace; nothing means as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamespaceChange {
    /// For people.
    pub description: Option<String>,
    /// Whom to ask.
    pub owner_email: Option<String>,
    /// Notes to add or replace.
    pub data: BTreeMap<String, String>,
    /// How long closed runs are kept.
    pub retention: Option<Span>,
    /// Its state.
    pub state: Option<NamespaceState>,
}

/// Why a request about namespaces failed.
#[derive(Debug, thiserror::Error)]
pub enum NamespaceError {
    /// There is none of that name or id.
    #[error("Namespace {0} is not found.")]
    NotFound(String),
    /// There is one of that name.
    #[error("Namespace {0:?} already exists")]
    Exists(String),
    /// The change makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The store did not answer; trying again is safe.
    #[error("the namespaces cannot be read or written: {0}")]
    Unavailable(String),
}

/// Namespaces, and the search attributes in them.
pub trait Namespaces: Send + Sync + 'static {
    /// One namespace, by name.
    fn describe(
        &self,
        name: &Namespace,
    ) -> BoxFuture<'_, Result<NamespaceSettings, NamespaceError>>;

    /// All of them, by name.
    fn list(&self) -> BoxFuture<'_, Result<Vec<NamespaceSettings>, NamespaceError>>;

    /// Makes one.
    fn register(&self, settings: NamespaceSettings) -> BoxFuture<'_, Result<(), NamespaceError>>;

    /// Changes one, and answers what it is then.
    fn update(
        &self,
        name: &Namespace,
        change: NamespaceChange,
    ) -> BoxFuture<'_, Result<NamespaceSettings, NamespaceError>>;

    /// A namespace's custom search attributes.
    fn search_attributes(
        &self,
        name: &Namespace,
    ) -> BoxFuture<'_, Result<CustomAttributes, NamespaceError>>;

    /// Adds custom search attributes; those of the same name get the type given.
    fn add_search_attributes(
        &self,
        name: &Namespace,
        added: CustomAttributes,
    ) -> BoxFuture<'_, Result<(), NamespaceError>>;

    /// Removes custom search attributes.
    fn remove_search_attributes(
        &self,
        name: &Namespace,
        removed: Vec<String>,
    ) -> BoxFuture<'_, Result<(), NamespaceError>>;

    /// Closes a namespace and has everything in it removed; what it is called until that is done.
    fn delete(&self, name: &Namespace) -> BoxFuture<'_, Result<Namespace, NamespaceError>>;
}
