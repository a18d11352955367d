//! What people look at: resources as they are stored, what happened to them, and what needs someone.
//!
//! Read by the console's pages. Nothing here is on the way of a SCIM request.

mod attention;
mod resources;

pub use attention::{Attention, Ending, Failing, Holding, SourceActivity, WAITING_COUNTED};
pub use resources::{InGroup, Looked, Member, Seen, Which};
