//! One way to page through whatever the admin API lists.

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    /// Items at most.
    pub limit: u32,
    /// After this [`Page::next`]; from the beginning without.
    pub after: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// The position of the last item, when others follow.
    pub next: Option<String>,
}

impl Paging {
    /// Everything at once, for those who print it.
    pub const fn all() -> Self {
        Self { limit: u32::MAX, after: None }
    }

    /// How many to read, to know whether others follow.
    pub fn read(&self) -> u32 {
        self.limit.saturating_add(1)
    }
}

impl<T> Page<T> {
    /// The page of what [`Paging::read`] items were asked for; `position` is what continues after one.
    pub fn of(mut items: Vec<T>, paging: &Paging, position: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(position);
        Self { items, next }
    }

    /// The page of a whole list that is in the order of `position`.
    pub fn within(all: Vec<T>, paging: &Paging, position: impl Fn(&T) -> String) -> Self {
        let after = |item: &T| paging.after.as_ref().is_none_or(|after| position(item) > *after);
        let items = all.into_iter().filter(after).take(usize::try_from(paging.read()).unwrap_or(usize::MAX));
        Self::of(items.collect(), paging, position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_and_the_last_says_so() {
        let page = |limit, after: Option<&str>| {
            let paging = Paging { limit, after: after.map(str::to_owned) };
            let page = Page::within(vec!["a", "b", "c"], &paging, |item| (*item).to_owned());
            (page.items, page.next)
        };
        assert_eq!(page(2, None), (vec!["a", "b"], Some("b".to_owned())));
        assert_eq!(page(2, Some("b")), (vec!["c"], None));
        assert_eq!(page(3, None), (vec!["a", "b", "c"], None));
        assert_eq!(page(1, Some("aa")), (vec!["b"], Some("b".to_owned())));
        assert_eq!(page(1, Some("c")), (vec![], None));
    }
}
