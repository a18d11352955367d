//! What a log of a sync holds, as bytes: a letter, the length of the rest, its parts.

/// Something that was read, as it lies in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// Where something is, by name.
    Step { name: &'a str, value: &'a str },
    /// A user: its message, values and names of its roles, ids and names of groups that it names.
    User { id: &'a str, data: &'a [u8], roles: Parts<'a>, links: Parts<'a> },
    /// A group: its message, kinds and ids of its members.
    Group { id: &'a str, name: &'a str, data: &'a [u8], members: Parts<'a> },
    /// What was left out.
    Problem { what: &'a str, id: &'a str, reason: &'a str },
    /// An id that names nobody.
    Absent { id: &'a str },
    /// Which group a name means, if any.
    Named { name: &'a str, group: Option<&'a str> },
}

impl<'a> Entry<'a> {
    /// The id of a user or group.
    pub(super) fn id(&self) -> Option<&'a str> {
        match self {
            Self::User { id, .. } | Self::Group { id, .. } => Some(id),
            _ => None,
        }
    }
}

/// Pairs of a log: see [`Parts::pairs`] and [`Parts::members`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts<'a>(&'a [u8]);

const STEP: u8 = b's';
const USER: u8 = b'u';
const GROUP: u8 = b'g';
const PROBLEM: u8 = b'p';
const ABSENT: u8 = b'a';
const NAMED: u8 = b'n';
/// Bytes before the parts: the letter and their length.
pub(super) const HEAD: usize = 5;

/// Appends one entry.
pub(super) struct Put<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
}

impl<'o> Put<'o> {
    fn new(kind: u8, out: &'o mut Vec<u8>) -> Self {
        let start = out.len();
        out.extend_from_slice(&[kind, 0, 0, 0, 0]);
        Self { out, start }
    }

    fn part(self, bytes: &[u8]) -> Self {
        put(bytes, self.out);
        self
    }

    /// A part that `write` appends.
    fn list(self, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let at = self.out.len();
        self.out.extend_from_slice(&[0; 4]);
        write(self.out);
        let bytes = length(self.out.len() - at - 4);
        if let Some(place) = self.out.get_mut(at..at + 4) {
            place.copy_from_slice(&bytes);
        }
        self
    }

    fn end(self) {
        let bytes = length(self.out.len() - self.start - HEAD);
        if let Some(place) = self.out.get_mut(self.start + 1..self.start + HEAD) {
            place.copy_from_slice(&bytes);
        }
    }
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

fn put(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&length(bytes.len()));
    out.extend_from_slice(bytes);
}

pub(super) fn step(name: &str, value: &str, out: &mut Vec<u8>) {
    Put::new(STEP, out).part(name.as_bytes()).part(value.as_bytes()).end();
}

/// `roles`: value and name to show; `links`: id, empty when it is not known, and name.
pub(super) fn user<'p>(
    id: &str,
    data: impl FnOnce(&mut Vec<u8>),
    roles: impl Iterator<Item = (&'p str, &'p str)>,
    links: impl Iterator<Item = (&'p str, &'p str)>,
    out: &mut Vec<u8>,
) {
    Put::new(USER, out)
        .part(id.as_bytes())
        .list(data)
        .list(|out| pairs(roles, out))
        .list(|out| pairs(links, out))
        .end();
}

/// `members`: kind and id.
pub(super) fn group<'p>(
    id: &str,
    name: &str,
    data: impl FnOnce(&mut Vec<u8>),
    members: impl Iterator<Item = (u8, &'p str)>,
    out: &mut Vec<u8>,
) {
    let list = |out: &mut Vec<u8>| {
        for (kind, id) in members {
            out.push(kind);
            put(id.as_bytes(), out);
        }
    };
    Put::new(GROUP, out).part(id.as_bytes()).part(name.as_bytes()).list(data).list(list).end();
}

pub(super) fn problem(what: &str, id: &str, reason: &str, out: &mut Vec<u8>) {
    Put::new(PROBLEM, out).part(what.as_bytes()).part(id.as_bytes()).part(reason.as_bytes()).end();
}

pub(super) fn absent(id: &str, out: &mut Vec<u8>) {
    Put::new(ABSENT, out).part(id.as_bytes()).end();
}

pub(super) fn named(name: &str, group: Option<&str>, out: &mut Vec<u8>) {
    Put::new(NAMED, out).part(name.as_bytes()).part(group.unwrap_or_default().as_bytes()).end();
}

fn pairs<'p>(all: impl Iterator<Item = (&'p str, &'p str)>, out: &mut Vec<u8>) {
    for (one, other) in all {
        put(one.as_bytes(), out);
        put(other.as_bytes(), out);
    }
}

/// Takes entries off bytes, one after the other; `None` at the end, or where they are none.
pub(super) fn take<'a>(rest: &mut &'a [u8]) -> Option<Entry<'a>> {
    let (kind, after) = rest.split_first()?;
    let mut parts = after;
    let body = part(&mut parts)?;
    *rest = parts;
    let mut body = body;
    let mut bytes = || part(&mut body);
    let text = |bytes: Option<&'a [u8]>| std::str::from_utf8(bytes?).ok();
    Some(match *kind {
        STEP => Entry::Step { name: text(bytes())?, value: text(bytes())? },
        USER => {
            Entry::User { id: text(bytes())?, data: bytes()?, roles: Parts(bytes()?), links: Parts(bytes()?) }
        }
        GROUP => Entry::Group {
            id: text(bytes())?,
            name: text(bytes())?,
            data: bytes()?,
            members: Parts(bytes()?),
        },
        PROBLEM => Entry::Problem { what: text(bytes())?, id: text(bytes())?, reason: text(bytes())? },
        ABSENT => Entry::Absent { id: text(bytes())? },
        NAMED => Entry::Named {
            name: text(bytes())?,
            group: Some(text(bytes())?).filter(|group| !group.is_empty()),
        },
        _ => return None,
    })
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (bytes, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = after;
    Some(bytes)
}

impl<'a> Parts<'a> {
    /// Two texts each.
    pub(super) fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.0;
        let mut text = move || std::str::from_utf8(part(&mut rest)?).ok();
        std::iter::from_fn(move || Some((text()?, text()?)))
    }

    /// Kind and id each.
    pub(super) fn members(self) -> impl Iterator<Item = (u8, &'a str)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (kind, mut after) = rest.split_first()?;
            let id = std::str::from_utf8(part(&mut after)?).ok()?;
            rest = after;
            Some((*kind, id))
        })
    }

    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_they_were_put() {
        let mut out = Vec::new();
        step("users", "7", &mut out);
        user(
            "u1",
            |out| out.extend_from_slice(b"\x00data"),
            [("a", "A"), ("b", "")].into_iter(),
            [("", "Staff")].into_iter(),
            &mut out,
        );
        group("g1", "Staff", |_| (), [(1, "u1"), (0, "é")].into_iter(), &mut out);
        problem("user", "", "why", &mut out);
        absent("nobody", &mut out);
        named("Staff", Some("g1"), &mut out);
        named("Else", None, &mut out);
        let mut rest = out.as_slice();
        assert_eq!(take(&mut rest), Some(Entry::Step { name: "users", value: "7" }));
        let Some(Entry::User { id: "u1", data: b"\x00data", roles, links }) = take(&mut rest) else {
            panic!()
        };
        assert_eq!(roles.pairs().collect::<Vec<_>>(), [("a", "A"), ("b", "")]);
        assert_eq!(links.pairs().collect::<Vec<_>>(), [("", "Staff")]);
        let Some(Entry::Group { id: "g1", name: "Staff", data: b"", members }) = take(&mut rest) else {
            panic!()
        };
        assert_eq!(members.members().collect::<Vec<_>>(), [(1, "u1"), (0, "é")]);
        assert_eq!(take(&mut rest), Some(Entry::Problem { what: "user", id: "", reason: "why" }));
        assert_eq!(take(&mut rest), Some(Entry::Absent { id: "nobody" }));
        assert_eq!(take(&mut rest), Some(Entry::Named { name: "Staff", group: Some("g1") }));
        assert_eq!(take(&mut rest), Some(Entry::Named { name: "Else", group: None }));
        assert_eq!((take(&mut rest), rest.len()), (None, 0));
        for cut in 0..out.len() {
            let mut rest = out.get(..cut).unwrap();
            while take(&mut rest).is_some() {}
            assert!(rest.len() < 60);
        }
    }
}
