//! Filters with flat names, and what of a filter an application is asked.

use rollcall_scim::filter::Filter;
use rollcall_scim::schema::ENTERPRISE_USER;

use super::{LUCKY, kinds, names};
use crate::connid::filter::{Able, Pushed, parse, pushed};
use crate::connid::schema::Class;
use crate::profile::ScimVersion;

#[test]
fn filters_may_have_flat_names() {
    let kinds = kinds();
    for (flat, scim) in [
        (r#"__NAME__ eq "o\"brien""#, r#"userName eq "o\"brien""#),
        (r#"__UID__ eq "u1" or __ENABLE__ eq true"#, r#"id eq "u1" or active eq true"#),
        (r#"emails.work.value eq "a@x""#, r#"emails[type eq "work" and value eq "a@x"]"#),
        (r#"emails.work.value ne "a@x""#, r#"not (emails[type eq "work" and value eq "a@x"])"#),
        (
            r#"not (emails.work.value pr) and emails.value sw "a""#,
            r#"not (emails[type eq "work" and value pr]) and emails.value sw "a""#,
        ),
        (r#"name.familyName co "emails.work.value""#, r#"name.familyName co "emails.work.value""#),
        (&format!(r#"{LUCKY}.luckyNumber gt "7""#), &format!("{LUCKY}:luckyNumber gt 7")),
        (
            &format!(r#"{ENTERPRISE_USER}.manager.value eq "b""#),
            &format!(r#"{ENTERPRISE_USER}:manager.value eq "b""#),
        ),
        (r#"urn:scim:schemas:core:1.0:myCustomName eq "x""#, r#"myCustomName eq "x""#),
        (r#"emails[type eq "work" and value pr]"#, r#"emails[type eq "work" and value pr]"#),
        (r#"members eq "u1""#, r#"members eq "u1""#),
    ] {
        assert_eq!(parse(flat, &names(&kinds, Class::User)).unwrap().to_string(), scim, "{flat}");
    }
    assert!(parse("emails.work.value eq", &names(&kinds, Class::User)).is_err());
}

#[test]
fn an_application_is_asked_what_it_understands_and_never_too_little() {
    let only = |operators: &str| Able {
        none: false,
        operators: Some(operators.split(' ').map(str::to_owned).collect()),
    };
    let all = Able::default();
    let aws = only("eq and");
    let old = Able::of(ScimVersion::V1, true, None);
    let none = Able { none: true, ..Able::default() };
    for (able, filter, asked, exact) in [
        (
            &all,
            r#"not (emails[type eq "work"]) or title ew "x""#,
            Some(r#"not (emails[type eq "work"]) or title ew "x""#),
            true,
        ),
        (&aws, r#"userName eq "a" and title eq "b""#, Some(r#"userName eq "a" and title eq "b""#), true),
        (&aws, r#"userName eq "a" and title sw "b""#, Some(r#"userName eq "a""#), false),
        (&aws, r#"userName eq "a" or title eq "b""#, None, false),
        (&aws, r#"not (userName eq "a")"#, None, false),
        (
            &aws,
            r#"title eq "t" and emails[type eq "work" and value eq "a"]"#,
            Some(r#"title eq "t" and emails.type eq "work" and emails.value eq "a""#),
            false,
        ),
        (&only("eq"), r#"userName eq "a" and title eq "b""#, Some(r#"userName eq "a""#), false),
        (&old, r#"emails[type eq "work" and not (value sw "a")]"#, Some(r#"emails.type eq "work""#), false),
        (&old, r#"userName sw "a" and (title pr or title ne "b")"#, Some(r#"userName sw "a""#), false),
        (&all, "title eq null or name ne null", Some("not (title pr) or name pr"), true),
        (&old, r#"userName sw "a" or title pr"#, Some(r#"userName sw "a" or title pr"#), true),
        (&only("eq not"), r#"userName ne "a""#, Some(r#"not (userName eq "a")"#), true),
        (&none, r#"userName eq "a""#, None, false),
    ] {
        let Pushed { filter: found, exact: is_exact } = pushed(&Filter::parse(filter).unwrap(), able);
        assert_eq!((found.map(|found| found.to_string()).as_deref(), is_exact), (asked, exact), "{filter}");
    }
}
