//! Replies that are not what the API documents.

use serde_json::error::Category;

/// What is wrong with a reply. Never quotes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Larger than [`max_response_bytes`](crate::ClientBuilder::max_response_bytes).
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// A page of markup, from a proxy or another server.
    #[error("it is HTML or XML, not JSON")]
    Markup,
    /// Not JSON, or cut off.
    #[error("it is not JSON (line {line}, column {column})")]
    Syntax {
        /// Line of the failure, from 1.
        line: usize,
        /// Column of the failure, from 1.
        column: usize,
    },
    /// JSON, with a value of a type nobody has documented.
    #[error("it has a value of an unknown shape (line {line}, column {column})")]
    Shape {
        /// Line of the failure, from 1.
        line: usize,
        /// Column of the failure, from 1.
        column: usize,
    },
    /// Not text.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// `Datapoints` is a text that is no JSON array, most likely cut off.
    #[error("its Datapoints are not a JSON array")]
    Datapoints,
    /// JSON that neither says success nor failure nor holds data.
    #[error("it has neither Code nor Success nor data")]
    Empty,
}

impl DecodeError {
    pub(crate) fn json(error: &serde_json::Error, body: &str) -> Self {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            _ if body.trim_start().starts_with('<') => Self::Markup,
            Category::Data => Self::Shape { line, column },
            Category::Syntax | Category::Eof | Category::Io => Self::Syntax { line, column },
        }
    }

    /// A cut-off or garbled reply may be whole the next time; a large one is large again.
    pub(crate) fn is_retryable(&self) -> bool {
        !matches!(self, Self::TooLarge { .. })
    }

    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::TooLarge { .. } => Some("lower length(..), or raise max_response_bytes".into()),
            Self::Markup => Some(
                "a proxy, a login page or another server answered: check the endpoint and the \
                 proxy settings"
                    .into(),
            ),
            _ => None,
        }
    }
}
