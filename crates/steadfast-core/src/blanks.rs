//! What Temporal's messages tell apart and the engine does not: a field that is there and says nothing, and
//! one that is not there. Histories show it as it came.

use serde::{Deserialize, Serialize};

/// The fields that were there and said nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Blanks(u8);

impl Blanks {
    /// A header without fields.
    pub const HEADER: Self = Self(1);
    /// A workflow execution timeout of zero.
    pub const EXECUTION_TIMEOUT: Self = Self(2);
    /// A workflow run timeout of zero.
    pub const RUN_TIMEOUT: Self = Self(4);

    /// These fields of all that are blank.
    pub fn of(fields: impl IntoIterator<Item = (Self, bool)>) -> Self {
        let blank = fields.into_iter().filter(|(_, is_blank)| *is_blank);
        Self(blank.fold(0, |all, (field, _)| all | field.0))
    }

    /// Whether this field was there and said nothing.
    pub const fn has(self, field: Self) -> bool {
        self.0 & field.0 != 0
    }

    /// This field alone, if it is one of them.
    pub const fn only(self, field: Self) -> Self {
        Self(self.0 & field.0)
    }

    /// With this field as well.
    pub const fn with(self, field: Self) -> Self {
        Self(self.0 | field.0)
    }

    /// Whether no field was.
    pub const fn is_none(&self) -> bool {
        self.0 == 0
    }
}
