//! What a row of the table says.

use axum::routing::MethodRouter;
use rollcall_domain::account::Role;

use crate::Console;

/// What a request must bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: everybody may have it.
    Nothing,
    /// A link, in the cookie that opening it sets. The handler gets an `crate::guard::Opened`.
    Link,
    /// A session with this role at least. The handler gets a `crate::guard::Visit`.
    Role(Role),
}

/// One method of one path.
pub struct Route {
    /// In capitals. What is no `GET` changes something, and needs a form token.
    pub method: &'static str,
    /// Below [`crate::CONSOLE_BASE`], as axum writes it.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    pub(crate) handler: fn() -> MethodRouter<Console>,
}
