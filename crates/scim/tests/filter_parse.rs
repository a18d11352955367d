//! Filters and paths as text: what parses, how it prints, what the errors say.

use expect_test::{Expect, expect};
use rollcall_scim::filter::{Filter, FilterError, parse_value_path};
use rollcall_scim::limits::{MAX_EXPRESSION_BYTES, MAX_FILTER_DEPTH, MAX_FILTER_TERMS, MAX_PATH_BYTES};
use rollcall_scim::path::{AttributePath, PathError};

/// Parses, prints, and sees that what is printed is the same filter.
#[track_caller]
fn check(src: &str, expected: &Expect) {
    let shown = match Filter::parse(src) {
        Ok(filter) => {
            let printed = filter.to_string();
            assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{printed}");
            printed
        }
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&shown);
}

#[track_caller]
fn check_path(src: &str, expected: &Expect) {
    let shown = match parse_value_path(src) {
        Ok(path) => {
            assert_eq!(parse_value_path(&path.to_string()).as_ref(), Ok(&path));
            format!(
                "{:?} {:?} {:?} [{}] {:?}",
                path.path.urn.unwrap_or_default(),
                path.path.name,
                path.path.sub.unwrap_or_default(),
                path.filter.map(|filter| filter.to_string()).unwrap_or_default(),
                path.sub.unwrap_or_default()
            )
        }
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&shown);
}

#[test]
fn the_examples_of_the_rfc_parse() {
    let examples = [
        r#"userName eq "bjensen""#,
        r#"name.familyName co "O'Malley""#,
        r#"userName sw "J""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
        "title pr",
        r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
        r#"meta.lastModified ge "2011-05-13T04:42:34Z""#,
        r#"meta.lastModified lt "2011-05-13T04:42:34Z""#,
        r#"meta.lastModified le "2011-05-13T04:42:34Z""#,
        r#"title pr and userType eq "Employee""#,
        r#"title pr or userType eq "Intern""#,
        r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
        r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
        r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
    ];
    for example in examples {
        assert_eq!(Filter::parse(example).unwrap().to_string(), example);
    }
}

#[test]
fn precedence_and_parentheses() {
    check("a pr or b pr and c pr", &expect!["a pr or b pr and c pr"]);
    check("(a pr or b pr) and c pr", &expect!["(a pr or b pr) and c pr"]);
    check("a pr or (b pr and c pr)", &expect!["a pr or b pr and c pr"]);
    check("((a pr and b pr)) and (c pr and d pr)", &expect!["a pr and b pr and c pr and d pr"]);
    check("a pr or (b pr or (c pr or d pr))", &expect!["a pr or b pr or c pr or d pr"]);
    check("not (a pr) and b pr", &expect!["not (a pr) and b pr"]);
    check("not (a pr and b pr) or c pr", &expect!["not (a pr and b pr) or c pr"]);
    check("NOT(not ( a pr ))", &expect!["not (not (a pr))"]);
    check("(((a pr)))", &expect!["a pr"]);
    check("e[(a pr or b pr) and not (c pr)]", &expect!["e[(a pr or b pr) and not (c pr)]"]);
}

#[test]
fn case_and_white_space() {
    check(r#"USERNAME EQ "Ann""#, &expect![[r#"USERNAME eq "Ann""#]]);
    check("a PR And b pR oR c Pr", &expect!["a pr and b pr or c pr"]);
    check("  a\tpr \n and\r\n b  pr  ", &expect!["a pr and b pr"]);
    check(r#"(a eq"x")and(b eq 1)or e[c pr]"#, &expect![[r#"a eq "x" and b eq 1 or e[c pr]"#]]);
    check("e [ a pr ]", &expect!["e[a pr]"]);
}

#[test]
fn words_of_the_grammar_may_be_names() {
    check("not pr and not.eq pr", &expect!["not pr and not.eq pr"]);
    check("and eq 1 and or eq 2 or pr pr", &expect!["and eq 1 and or eq 2 or pr pr"]);
    check(r#"members.$ref eq "x""#, &expect![[r#"members.$ref eq "x""#]]);
    check("a-b_c9 pr", &expect!["a-b_c9 pr"]);
}

#[test]
fn literals_are_json() {
    check("a eq true or a eq false or a eq null", &expect!["a eq true or a eq false or a eq null"]);
    check("a eq True or a eq False", &expect!["a eq true or a eq false"]);
    check("a eq TRUE", &expect!["error: expected a value (text goes in double quotes) at byte 5"]);
    check("a eq Null", &expect!["error: expected a value (text goes in double quotes) at byte 5"]);
    check("a eq 0 or a eq -12 or a eq 1.50", &expect!["a eq 0 or a eq -12 or a eq 1.5"]);
    check("a eq 18446744073709551615", &expect!["a eq 18446744073709551615"]);
    check("a eq 123456789012345678901234567890", &expect!["a eq 1.2345678901234568e+29"]);
    check("a eq 1e400", &expect!["error: expected a number that a 64-bit float can hold at byte 5"]);
    check("a eq 01", &expect!["error: expected a value (text goes in double quotes) at byte 5"]);
    check("a eq +1", &expect!["error: expected a value (text goes in double quotes) at byte 5"]);
    check("a eq 1.", &expect!["error: expected a value (text goes in double quotes) at byte 5"]);
    check("a eq inf", &expect!["error: expected a value (text goes in double quotes) at byte 5"]);
    check(r#"a eq "\"\\\/\b\f\n\r\té""#, &expect![[r#"a eq "\"\\/\b\f\n\r\té""#]]);
    check(r#"a eq "\ud83d\ude00 é""#, &expect![[r#"a eq "😀 é""#]]);
    check(r#"a eq "\ud83d""#, &expect!["error: expected a JSON string at byte 12"]);
    check(r#"a eq "\x""#, &expect!["error: expected a JSON string at byte 7"]);
    check("a eq \"tab\there\"", &expect!["error: expected a JSON string at byte 9"]);
    check(r#"a eq "x"#, &expect!["error: expected a closing double quote at byte 7"]);
    check(r#"a eq "x\""#, &expect!["error: expected a closing double quote at byte 9"]);
    check(r#"a eq """#, &expect![[r#"a eq """#]]);
    check("a eq bob", &expect!["error: expected a value (text goes in double quotes) at byte 5"]);
    check("a eq 'bob'", &expect!["error: expected a value (text goes in double quotes) at byte 5"]);
    check("a eq {}", &expect!["error: expected a value (text goes in double quotes) at byte 5"]);
}

#[test]
fn a_sub_attribute_after_brackets_joins_the_filter() {
    check(r#"emails[type eq "work"].value eq "x""#, &expect![[r#"emails[type eq "work" and value eq "x"]"#]]);
    check("e[a pr or b pr].c pr", &expect!["e[(a pr or b pr) and c pr]"]);
    check("e[a pr and b pr].c pr and d pr", &expect!["e[a pr and b pr and c pr] and d pr"]);
    check("e[a pr].b.c pr", &expect!["error: expected one sub-attribute name at byte 8"]);
    check(
        "e[a pr].b",
        &expect!["error: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr) at byte 9"],
    );
    check(r#"e[a pr] eq "x""#, &expect!["error: expected 'and', 'or' or the end of the filter at byte 8"]);
}

#[test]
fn errors_name_the_place() {
    check("", &expect!["error: expected an attribute name at byte 0"]);
    check(
        "userName",
        &expect!["error: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr) at byte 8"],
    );
    check("userName eq", &expect!["error: expected a value at byte 11"]);
    check("userName eq ", &expect!["error: expected a value at byte 12"]);
    check(
        r#"userName regex "x""#,
        &expect!["error: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr) at byte 9"],
    );
    check("a pr and", &expect!["error: expected an attribute name at byte 8"]);
    check("a pr b pr", &expect!["error: expected 'and', 'or' or the end of the filter at byte 5"]);
    check("(a pr", &expect!["error: expected 'and', 'or' or ')' at byte 5"]);
    check("a pr)", &expect!["error: expected 'and', 'or' or the end of the filter at byte 4"]);
    check("e[a pr", &expect!["error: expected 'and', 'or' or ']' at byte 6"]);
    check("e[]", &expect!["error: expected an attribute name at byte 2"]);
    check("e[a[b pr]]", &expect!["error: expected no brackets inside brackets at byte 3"]);
    check(
        "a.b[c pr]",
        &expect!["error: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr) at byte 3"],
    );
    check(
        "not a pr",
        &expect!["error: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr) at byte 4"],
    );
    check("a..b pr", &expect!["error: expected a sub-attribute name at byte 2"]);
    check("a.b.c pr", &expect!["error: expected a sub-attribute name at byte 3"]);
    check("9a pr", &expect!["error: expected an attribute name at byte 0"]);
    check("é pr", &expect!["error: expected an attribute name at byte 0"]);
    check(
        "né pr",
        &expect!["error: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr) at byte 1"],
    );
    check(":a pr", &expect!["error: expected an attribute name at byte 0"]);
    check("urn:x: pr", &expect!["error: expected an attribute name at byte 6"]);
}

#[test]
fn paths_of_patch_operations() {
    check_path("members", &expect![[r#""" "members" "" [] """#]]);
    check_path("name.familyName", &expect![[r#""" "name" "familyName" [] """#]]);
    check_path(r#"addresses[type eq "work"]"#, &expect![[r#""" "addresses" "" [type eq "work"] """#]]);
    check_path(
        r#"members[value eq "1"].displayName"#,
        &expect![[r#""" "members" "" [value eq "1"] "displayName""#]],
    );
    check_path(
        "urn:ietf:params:scim:schemas:core:2.0:User:emails[primary eq true].value",
        &expect![[r#""urn:ietf:params:scim:schemas:core:2.0:User" "emails" "" [primary eq true] "value""#]],
    );
    check_path(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName",
        &expect![[
            r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User" "manager" "displayName" [] """#
        ]],
    );
    check_path(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        &expect![[r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0" "User" "" [] """#]],
    );
    check_path("urn:example:badge:2.0", &expect![[r#""urn:example:badge" "2" "0" [] """#]]);
    check_path("urn:example:v1.2.3", &expect![[r#""urn:example" "v1" "2.3" [] """#]]);
    check_path("", &expect!["error: expected an attribute name at byte 0"]);
    check_path("a b", &expect!["error: expected the end of the path at byte 1"]);
    check_path("a[b pr]c", &expect!["error: expected the end of the path at byte 7"]);
    check_path("a[b pr].", &expect!["error: expected an attribute name at byte 8"]);
    check_path("a[b pr].c.d", &expect!["error: expected one sub-attribute name at byte 8"]);
    check_path("a[b pr].c[d pr]", &expect!["error: expected the end of the path at byte 9"]);
    check_path("a[b[c pr]]", &expect!["error: expected no brackets inside brackets at byte 3"]);
    check_path("/emails/0", &expect!["error: expected an attribute name at byte 0"]);
    check_path("urn:example:a.", &expect!["error: expected a sub-attribute name at byte 14"]);
}

#[test]
fn an_attribute_path_has_no_filter() {
    let path = |src: &str| src.parse::<AttributePath>();
    assert_eq!(path("name.givenName").unwrap().to_string(), "name.givenName");
    assert_eq!(path("a[b pr]"), Err(PathError::Syntax { at: 1, expected: "the end of the path" }));
    assert_eq!(path(&"a".repeat(MAX_PATH_BYTES + 1)), Err(PathError::TooLarge("long")));
}

#[test]
fn limits_hold() {
    let nested = |open: &str, depth: usize, close: &str| {
        Filter::parse(&format!("{}a pr{}", open.repeat(depth), close.repeat(depth)))
    };
    for open in ["(", "not(", "not  ("] {
        assert!(nested(open, MAX_FILTER_DEPTH, ")").is_ok());
        assert_eq!(nested(open, MAX_FILTER_DEPTH + 1, ")"), Err(FilterError::TooDeep));
        assert_eq!(nested(open, 9_000, ")"), Err(FilterError::TooDeep));
    }
    let terms = |count: usize| Filter::parse(&vec!["a pr"; count].join(" or "));
    assert!(terms(MAX_FILTER_TERMS).is_ok());
    assert_eq!(terms(MAX_FILTER_TERMS + 1), Err(FilterError::TooLarge("terms")));
    let long = format!("a eq \"{}\"", "x".repeat(MAX_EXPRESSION_BYTES));
    assert_eq!(Filter::parse(&long), Err(FilterError::TooLarge("bytes")));
    let path = format!("{} pr", "a".repeat(MAX_PATH_BYTES + 1));
    assert_eq!(Filter::parse(&path), Err(FilterError::TooLarge("bytes in one attribute path")));
}

#[test]
fn hostile_text_is_refused_in_no_time() {
    let most = MAX_EXPRESSION_BYTES - 16;
    for unit in
        ["(", "not(", "not ", "a[", "a pr and ", "a eq \"\\", "9", "-", "\"", "\\", "a.", "a:", "é", "[", ")"]
    {
        let hostile = unit.repeat(most / unit.len());
        assert!(Filter::parse(&hostile).is_err(), "{unit}");
        assert!(Filter::parse(&format!("a eq {hostile}")).is_err(), "{unit}");
        assert!(parse_value_path(&hostile).is_err(), "{unit}");
    }
    assert!(Filter::parse(&format!("a eq 0.{}", "1".repeat(most))).is_ok());
    assert!(Filter::parse(&format!("a eq \"{}\"", "\\ud83d\\ude00".repeat(most / 12))).is_ok());
}

#[test]
fn what_is_printed_parses_at_the_depth_limit() {
    let depth = MAX_FILTER_DEPTH - 2;
    let src = format!("{}e[a pr or b pr].c pr{}", "not(".repeat(depth), ")".repeat(depth));
    let filter = Filter::parse(&src).unwrap();
    assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
    let src = format!("not({src})");
    assert_eq!(Filter::parse(&src), Err(FilterError::TooDeep));
}
