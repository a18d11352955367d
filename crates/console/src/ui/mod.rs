//! Parts of pages that show themselves: `{{ field }}`, `{{ pager }}`, `{{ empty }}`…

mod badge;
mod copy;
mod empty;
mod field;
mod pager;
mod when;

pub(crate) use badge::Badge;
#[allow(unused_imports, reason = "for pages with values to be copied")]
pub(crate) use copy::Copy;
#[allow(unused_imports, reason = "for pages with lists")]
pub(crate) use empty::Empty;
pub(crate) use field::Field;
#[allow(unused_imports, reason = "for pages with lists")]
pub(crate) use pager::Pager;
pub(crate) use when::When;

/// That a template shows itself in another without being escaped again.
macro_rules! part {
    ($name:ident) => {
        impl askama::filters::HtmlSafe for $name {}
    };
}
pub(crate) use part;
