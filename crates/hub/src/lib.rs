//! Workers: changes on their way out, and the hooks that are asked on the way in.
//!
//! [`Hub::run`] keeps one pump for each active endpoint. A pump reads the change feed after its cursor, decides by
//! `lanes` what may be sent now, sends it through `sink`, judges the answer by `verdict`, and writes its progress
//! in checkpoints: what is not written yet is done again after a crash, so that nothing is lost.

pub mod hooks;
mod lanes;
mod pump;
mod retention;
mod settings;
mod signature;
mod sink;
mod supervisor;
mod verdict;

pub use settings::HubSettings;
pub use supervisor::Hub;
