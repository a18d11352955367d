//! The people and groups that are loaded: the same for the same prefix and number.

use bytes::Bytes;
use serde_json::json;

const GIVEN: &[&str] = &[
    "Amina", "Bjorn", "Chiara", "Dmitri", "Elena", "Farid", "Greta", "Hiroshi", "Ines", "Jamal", "Katarina",
    "Lucas", "Mei", "Nadia", "Olumide", "Priya", "Quentin", "Rosa", "Stefan", "Tomoko", "Ursula", "Viktor",
    "Wanjiru", "Xavier", "Yara", "Zoltan",
];
const FAMILY: &[&str] = &[
    "Abernathy",
    "Bergstrom",
    "Castellanos",
    "Dubois",
    "Eriksen",
    "Fitzgerald",
    "Gunawardena",
    "Hashimoto",
    "Ivanova",
    "Johansson",
    "Kowalczyk",
    "Lindqvist",
    "Mbeki",
    "Nakamura",
    "Okonkwo",
    "Papadopoulos",
    "Quispe",
    "Rasmussen",
    "Szymanski",
    "Thompson",
    "Umarov",
    "Vandenberg",
    "Whitfield",
    "Yamaguchi",
    "Zimmermann",
];
const TITLES: &[&str] = &[
    "Account Executive",
    "Data Engineer",
    "Office Manager",
    "Security Analyst",
    "Site Reliability Engineer",
];
const DEPARTMENTS: &[&str] =
    &["Customer Success", "Engineering", "Finance", "Human Resources", "Legal", "Operations", "Sales"];
/// City, region, time zone, country.
const CITIES: &[(&str, &str, &str, &str)] = &[
    ("Berlin", "Berlin", "Europe/Berlin", "DE"),
    ("Montreal", "Quebec", "America/Toronto", "CA"),
    ("Nairobi", "Nairobi County", "Africa/Nairobi", "KE"),
    ("Osaka", "Kansai", "Asia/Tokyo", "JP"),
    ("Portland", "Oregon", "America/Los_Angeles", "US"),
];

/// Writes the request bodies of one run.
#[derive(Debug, Clone)]
pub(crate) struct People {
    prefix: String,
}

impl People {
    /// `prefix` starts each name; only letters, digits and `-` survive.
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect() }
    }

    /// The `userName` of user `number`; needs no escaping in a URL.
    pub(crate) fn user_name(&self, number: u64) -> String {
        let (given, family) = names(number);
        format!("{}.{given}.{family}.{number}@example.com", self.prefix).to_ascii_lowercase()
    }

    /// The body that creates user `number`: about 1 KB, with the enterprise extension and no manager.
    pub(crate) fn user(&self, number: u64) -> Bytes {
        let (given, family) = names(number);
        let mut dice = Dice::new(number ^ 0x5ca1_ab1e);
        let (city, region, timezone, country) = dice.pick(CITIES);
        let department = dice.pick(DEPARTMENTS);
        let user_name = self.user_name(number);
        let body = json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
            ],
            "externalId": format!("{}-{number:08}", self.prefix),
            "userName": user_name,
            "name": { "formatted": format!("{given} {family}"), "familyName": family, "givenName": given },
            "displayName": format!("{given} {family}"),
            "title": dice.pick(TITLES),
            "userType": "Employee",
            "preferredLanguage": "en-US",
            "locale": "en-US",
            "timezone": timezone,
            "active": true,
            "emails": [{ "value": user_name, "type": "work", "primary": true }],
            "phoneNumbers": [
                { "value": phone(&mut dice), "type": "work" },
                { "value": phone(&mut dice), "type": "mobile" }
            ],
            "addresses": [{
                "type": "work",
                "streetAddress": format!("{} Example Street", 1 + dice.below(9_999)),
                "locality": city,
                "region": region,
                "postalCode": format!("{:05}", dice.below(100_000)),
                "country": country
            }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "employeeNumber": format!("{number:07}"),
                "costCenter": format!("CC-{:04}", dice.below(10_000)),
                "organization": "Example Corporation",
                "division": city,
                "department": department
            }
        });
        body.to_string().into()
    }

    /// The body that creates group `number` with these members.
    pub(crate) fn group(&self, number: u64, members: &[&str]) -> Bytes {
        let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "externalId": format!("{}-group-{number:06}", self.prefix),
            "displayName": format!("{} group {number}", self.prefix),
            "members": members
        });
        body.to_string().into()
    }
}

fn phone(dice: &mut Dice) -> String {
    format!("+1-555-{:03}-{:04}", dice.below(1_000), dice.below(10_000))
}

fn names(number: u64) -> (&'static str, &'static str) {
    let mut dice = Dice::new(number);
    (dice.pick(GIVEN), dice.pick(FAMILY))
}

/// A small deterministic generator (SplitMix64): load must be the same in every run, not unpredictable.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to `limit` - 1; 0 when `limit` is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(limit).unwrap_or(0)
    }

    fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let place = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(place).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_user_is_about_a_kilobyte() {
        let people = People::new("bench");
        let sizes: Vec<usize> = (0..2_000).map(|number| people.user(number).len()).collect();
        let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
        assert!((900..=1_024).contains(least) && (1_024..=1_100).contains(most), "{least} to {most}");
    }

    #[test]
    fn the_same_number_is_the_same_user() {
        assert_eq!(People::new("a").user(7), People::new("a").user(7));
        assert_ne!(People::new("a").user(7), People::new("b").user(7));
        assert_ne!(People::new("a").user(7), People::new("a").user(8));
    }

    #[test]
    fn user_names_are_unique_and_plain() {
        let people = People::new("Run 1/é-x");
        let names: HashSet<String> = (0..5_000).map(|number| people.user_name(number)).collect();
        assert_eq!(names.len(), 5_000);
        assert!(
            names.iter().all(|name| name.starts_with("run1-x.") && name.is_ascii() && !name.contains(' '))
        );
    }

    #[test]
    fn a_user_carries_the_enterprise_extension() {
        let user: serde_json::Value = serde_json::from_slice(&People::new("bench").user(42)).unwrap();
        let enterprise = &user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"];
        assert_eq!(enterprise["employeeNumber"], "0000042");
        assert!(enterprise.get("manager").is_none());
        assert_eq!(user["emails"][0]["value"], user["userName"]);
    }

    #[test]
    fn dice_stay_below_their_limit() {
        let mut dice = Dice::new(1);
        assert!((0..1_000).all(|_| dice.below(6) < 6));
        assert_eq!(dice.below(0), 0);
    }
}
