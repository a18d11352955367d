//! The OpenID provider that the settings name.

use std::sync::Arc;

use rollcall_config::Settings;
use rollcall_connector::secret::Secret;
use rollcall_openid::{Provider, TIMEOUT};
use rollcall_service::accounts::openid::OpenId;
use rollcall_service::system::SystemClock;

use crate::Failure;

/// The provider, where there is one. It is asked when someone signs in, not before.
pub(crate) fn provider(settings: &Settings) -> Result<Option<Arc<dyn OpenId>>, Failure> {
    let Some(known) = rollcall_config::openid(settings, &rollcall_config::environment)? else {
        return Ok(None);
    };
    let settings = rollcall_openid::Settings {
        issuer: known.issuer,
        host: known.host,
        client_id: known.client_id,
        client_secret: known.client_secret.map(Secret::new),
        scopes: known.scopes,
        name: known.name,
        roles_claim: known.roles_claim,
        roles: known.roles,
        tenant: known.tenant,
        trust_email: known.trust_email,
        private: settings.private_addresses,
        timeout: TIMEOUT,
    };
    Ok(Some(Arc::new(Provider::new(settings, Arc::new(SystemClock)))))
}
