//! Parts of pages that show themselves: `{{ field }}`, `{{ pager }}`, `{{ empty }}`…

mod badge;
mod chart;
mod copy;
mod difference;
mod empty;
mod field;
mod history;
pub(crate) mod json;
mod pager;
mod sources;
mod trace;
mod when;

pub(crate) use badge::Badge;
pub(crate) use chart::{Chart, Series};
#[allow(unused_imports, reason = "for pages with values to be copied")]
pub(crate) use copy::Copy;
pub(crate) use difference::Difference;
pub(crate) use empty::Empty;
pub(crate) use field::Field;
pub(crate) use history::History;
pub(crate) use pager::Pager;
pub(crate) use sources::Choice;
pub(crate) use trace::Trace;
pub(crate) use when::When;

/// That a template shows itself in another without being escaped again.
macro_rules! part {
    ($name:ident) => {
        impl askama::filters::HtmlSafe for $name {}
    };
}
pub(crate) use part;
