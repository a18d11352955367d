//! Query strings, decoded as forms are: `+` is a space. Invalid UTF-8 is an error, not a replacement.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use rollcall_scim::error::ScimError;

/// A decoded name and value.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Names and values, in order; a name without `=` has an empty value.
pub(crate) fn pairs(query: &str) -> Result<Vec<Pair<'_>>, ScimError> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<Cow<'_, str>, ScimError> {
    let refuse = |_| ScimError::invalid_value("the query is not UTF-8; percent-encode it as UTF-8");
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().map_err(refuse);
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(refuse)?;
    Ok(Cow::Owned(decoded.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_decode() {
        let pairs = |query| {
            pairs(query).map(|pairs| pairs.into_iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>())
        };
        assert_eq!(
            pairs("filter=a+eq+%22b%2Bc%22&cursor&&count=1=2").unwrap(),
            ["filter=a eq \"b+c\"", "cursor=", "count=1=2"]
        );
        assert_eq!(pairs("").unwrap(), [""; 0]);
        assert!(pairs("filter=%FF").is_err());
    }
}
