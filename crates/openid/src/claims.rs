//! What is made of claims: whom the provider vouches for.

use rollcall_config::OpenId as OpenIdSettings;
use rollcall_domain::account::Role;
use rollcall_service::accounts::openid::{Newcomer, OpenIdError, Vouched};
use serde_json::{Map, Value};

/// The claims of an ID token that holds, with those of the userinfo endpoint where it was asked.
pub(crate) struct Claims(pub(crate) Map<String, Value>);

impl Claims {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// Whether what is wanted to know may be at the userinfo endpoint.
    pub(crate) fn is_thin(&self, settings: &OpenIdSettings) -> bool {
        let wants_roles = settings.roles.iter().any(|values| !values.is_empty());
        let has = |name: &str| self.0.contains_key(name);
        let trusts = settings.trust_email && has("email");
        !(has("email") && has("email_verified") || trusts) || wants_roles && self.roles(settings).is_none()
    }

    /// Adds what the userinfo endpoint says; of the same person (OpenID Connect Core §5.3.2).
    pub(crate) fn add(&mut self, more: Value) -> Result<(), OpenIdError> {
        let Value::Object(more) = more else {
            return Err(OpenIdError::Unusable("its userinfo is no JSON object".to_owned()));
        };
        if more.get("sub") != self.0.get("sub") {
            return Err(OpenIdError::Untrusted("the userinfo is of another person"));
        }
        // Whether an address is verified is said of the one beside it.
        if more.contains_key("email") && !self.0.contains_key("email_verified") {
            self.0.remove("email");
        }
        for (name, value) in more {
            self.0.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// The claim of roles: by its name, else by its way.
    fn roles(&self, settings: &OpenIdSettings) -> Option<&Value> {
        let claim = settings.roles_claim.as_str();
        self.0.get(claim).or_else(|| {
            let (first, rest) = claim.split_once('.')?;
            rest.split('.').try_fold(self.0.get(first)?, |value, name| value.get(name))
        })
    }

    /// The highest role that a value of it makes.
    fn role(&self, settings: &OpenIdSettings) -> Option<Role> {
        let values = match self.roles(settings)? {
            Value::Array(values) => values.iter().collect(),
            one => vec![one],
        };
        let has = |wanted: &Vec<String>| {
            values.iter().any(|value| wanted.iter().any(|wanted| value.as_str() == Some(wanted)))
        };
        let highest_first = [Role::Owner, Role::Operator, Role::Viewer];
        highest_first.into_iter().zip(&settings.roles).find(|(_, wanted)| has(wanted)).map(|(role, _)| role)
    }

    /// Whether the provider has verified the address. Some write it as text.
    fn is_verified(&self, settings: &OpenIdSettings) -> bool {
        match self.0.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(text)) => text == "true",
            Some(_) => false,
            None => settings.trust_email,
        }
    }

    /// Whom it is about.
    pub(crate) fn vouched(&self, settings: &OpenIdSettings) -> Result<Vouched, OpenIdError> {
        let subject = self.text("sub").ok_or(OpenIdError::Untrusted("its sub is none"))?;
        let role = self.role(settings);
        let name = self.text("name").or_else(|| self.text("preferred_username"));
        Ok(Vouched {
            issuer: settings.issuer.clone(),
            subject: subject.to_owned(),
            email: self.text("email").filter(|_| self.is_verified(settings)).map(str::to_owned),
            name: name.map(str::to_owned),
            newcomer: role.map(|role| Newcomer { role, tenant: settings.tenant.clone() }),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> OpenIdSettings {
        OpenIdSettings {
            issuer: "https://id.example".to_owned(),
            host: "id.example".to_owned(),
            client_id: "rollcall".to_owned(),
            client_secret: None,
            scopes: Vec::new(),
            name: String::new(),
            roles_claim: "groups".to_owned(),
            roles: ["admins", "ops", "all"].map(|name| vec![name.to_owned()]),
            tenant: None,
            trust_email: false,
            private: false,
        }
    }

    fn claims(mut more: Value) -> Claims {
        let fields = more.as_object_mut().unwrap();
        fields.insert("sub".to_owned(), json!("1"));
        Claims(fields.clone())
    }

    #[test]
    fn the_highest_role_that_a_value_makes_counts() {
        for (claim, more, expected) in [
            ("groups", json!({ "groups": ["all", "ops"] }), Some(Role::Operator)),
            ("groups", json!({ "groups": "admins" }), Some(Role::Owner)),
            ("groups", json!({ "groups": ["Admins", "adminsx", 1] }), None),
            ("groups", json!({ "groups": { "admins": true } }), None),
            ("groups", json!({}), None),
            ("realm_access.roles", json!({ "realm_access": { "roles": ["all"] } }), Some(Role::Viewer)),
            ("https://a.example/roles", json!({ "https://a.example/roles": ["ops"] }), Some(Role::Operator)),
        ] {
            let settings = OpenIdSettings { roles_claim: claim.to_owned(), ..settings() };
            assert_eq!(claims(more.clone()).role(&settings), expected, "{claim} {more}");
        }
        let none = OpenIdSettings { roles: Default::default(), ..settings() };
        assert_eq!(claims(json!({ "groups": ["", "all"] })).role(&none), None);
    }

    #[test]
    fn an_address_counts_when_the_provider_says_that_it_has_verified_it() {
        for (verified, trust, expected) in [
            (json!(true), false, true),
            (json!("true"), false, true),
            (json!(false), true, false),
            (json!("false"), true, false),
            (json!(1), true, false),
            (Value::Null, true, false),
        ] {
            let settings = OpenIdSettings { trust_email: trust, ..settings() };
            let claims = claims(json!({ "email": "ann@example.com", "email_verified": verified }));
            assert_eq!(claims.vouched(&settings).unwrap().email.is_some(), expected, "{verified} {trust}");
        }
        let silent = claims(json!({ "email": "ann@example.com" }));
        assert_eq!(silent.vouched(&settings()).unwrap().email, None);
        let trusting = OpenIdSettings { trust_email: true, ..settings() };
        assert!(
            silent.vouched(&trusting).unwrap().email.is_some()
                && !silent.is_thin(&OpenIdSettings { roles: Default::default(), ..trusting })
        );
    }

    #[test]
    fn userinfo_adds_what_the_token_does_not_say_of_the_same_person() {
        let mut thin = claims(json!({ "email": "other@example.com", "name": "Ann" }));
        assert!(thin.is_thin(&settings()));
        let more = json!({ "sub": "1", "email": "ann@example.com", "email_verified": true, "name": "Eve", "groups": ["ops"] });
        thin.add(more).unwrap();
        let vouched = thin.vouched(&settings()).unwrap();
        assert_eq!(
            (vouched.email.as_deref(), vouched.name.as_deref()),
            (Some("ann@example.com"), Some("Ann"))
        );
        assert_eq!(vouched.newcomer.map(|newcomer| newcomer.role), Some(Role::Operator));
        for other in [json!({ "sub": "2" }), json!({}), json!([])] {
            assert!(claims(json!({})).add(other.clone()).is_err(), "{other}");
        }
    }
}
