//! The OpenID provider that the settings name.

use std::sync::Arc;

use rollcall_config::Settings;
use rollcall_openid::{Provider, TIMEOUT};
use rollcall_service::accounts::openid::OpenId;
use rollcall_service::system::SystemClock;

use crate::Failure;

/// The provider, where there is one. It is asked when someone signs in, not before.
pub(crate) fn provider(settings: &Settings) -> Result<Option<Arc<dyn OpenId>>, Failure> {
    let known = rollcall_config::openid(settings, &rollcall_config::environment)?;
    let provider = |known| Arc::new(Provider::new(known, TIMEOUT, Arc::new(SystemClock))) as Arc<dyn OpenId>;
    Ok(known.map(provider))
}
