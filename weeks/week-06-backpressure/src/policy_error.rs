//! What can be wrong with a policy.

use logger::{Coded, ErrorCode};

use crate::bounded_file::Unread;
use crate::catalog;

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file cannot be read, or is too long.
    #[error(transparent)]
    File(Unread),
    /// The text has not the shape of a policy.
    #[error("the policy cannot be read: {0}")]
    Unreadable(String),
    /// A key contradicts its range or another key.
    #[error("`{key}` in the policy: {what}")]
    Contradiction {
        /// The key, with those above it: `reject.age_ms.leave`.
        key: String,
        /// What is wrong with it.
        what: String,
    },
}

impl PolicyError {
    pub(crate) fn unreadable(error: &serde_yaml::Error) -> Self {
        PolicyError::Unreadable(error.to_string())
    }

    pub(crate) fn at(key: impl Into<String>, what: String) -> Self {
        PolicyError::Contradiction { key: key.into(), what }
    }
}

impl Coded for PolicyError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            PolicyError::File(_) => &catalog::POLICY_FILE,
            PolicyError::Unreadable(_) | PolicyError::Contradiction { .. } => &catalog::POLICY_INVALID,
        }
    }
}
