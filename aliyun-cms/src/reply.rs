//! The reply to an action this crate has no type for.

/// A successful reply, as text.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply {
    /// For the vendor's support; empty when the reply has none.
    pub request_id: String,
    body: String,
}

impl Reply {
    pub(crate) fn new(request_id: Option<String>, body: String) -> Self {
        Self {
            request_id: request_id.unwrap_or_default(),
            body,
        }
    }

    /// The JSON object the service sent.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The same, without a copy.
    #[must_use]
    pub fn into_body(self) -> String {
        self.body
    }
}
