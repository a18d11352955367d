//! Members, groups of groups, pending members.

use serde_json::json;
use uuid::Uuid;

use super::world::{Backend, World};
use crate::StoreError;
use crate::membership::{MembershipPage, MembershipQuery, Place};
use crate::query::Start;
use crate::write::{MemberChange, Outcome, Unit, Write};

fn values(ids: &[Uuid]) -> Vec<String> {
    ids.iter().map(Uuid::to_string).collect()
}

fn add(ids: &[Uuid]) -> Vec<MemberChange> {
    vec![MemberChange::Add(values(ids))]
}

fn remove(ids: &[Uuid]) -> Vec<MemberChange> {
    vec![MemberChange::Remove(values(ids))]
}

/// Sixteen writers change one group at once, and every change is there.
pub async fn concurrent_additions_and_removals_lose_nothing(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (mut leaving, mut coming) = (Vec::new(), Vec::new());
    for number in 0..16 * 4 {
        leaving.push(world.user(&format!("old{number}")).await);
        coming.push(world.user(&format!("new{number}")).await);
    }
    let group = world.group("team", &leaving).await;
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let (world, range) = (world.clone(), task * 4..task * 4 + 4);
            let (leaving, coming) = (leaving[range.clone()].to_vec(), coming[range].to_vec());
            tokio::spawn(async move {
                for (old, new) in leaving.into_iter().zip(coming) {
                    world.change(group, add(&[new])).await.unwrap();
                    world.change(group, remove(&[old])).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let (mut found, mut wanted) = (world.members(group).await, values(&coming));
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    assert_eq!(world.get("Group", group).await.unwrap().version, 1 + 2 * 16 * 4);
}

/// By id and by a unique value the same is read: the row, and the groups it is in, through others too.
pub async fn a_unique_value_finds_its_resource_with_its_groups(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let other = world.beside("other").await;
    let find = async |world: &World, name: &str| {
        world.store.find(world.source, "User", "userName", name).await.unwrap()
    };
    assert_eq!(find(&world, "ann").await, None);
    let (ann, _) = (world.user("ann").await, world.user("bob").await);
    let alone = find(&world, "ann").await.unwrap();
    assert_eq!((alone.0.id, alone.1), (ann, Vec::new()));
    let (first, second) = (world.group("first", &[ann]).await, world.group("second", &[ann]).await);
    let above = world.group("above", &[]).await;
    for nested in [false, true] {
        if nested {
            world.change(above, add(&[second])).await.unwrap();
        }
        let found = find(&world, "ann").await.unwrap();
        assert_eq!(world.store.get_with_groups(world.source, "User", ann).await.unwrap().unwrap(), found);
        let groups: Vec<_> = found.1.iter().map(|group| (group.id, group.direct)).collect();
        let mut wanted = vec![(first, true), (second, true)];
        wanted.extend(nested.then_some((above, false)));
        assert_eq!(groups, wanted);
    }
    assert_eq!(find(&other, "ann").await, None);
    assert_eq!(world.store.get_with_groups(other.source, "User", ann).await.unwrap(), None);
    assert_eq!(world.store.get_with_groups(world.source, "Group", ann).await.unwrap(), None);
    world.delete("User", ann).await.unwrap();
    assert_eq!(find(&world, "ann").await, None);
}

/// Pages of members follow each other, each with type and display.
pub async fn members_are_listed_in_order_of_addition(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (ann, bob, cat) = (world.user("ann").await, world.user("bob").await, world.user("cat").await);
    let group = world.group("team", &[cat, ann, cat]).await;
    world.change(group, add(&[bob])).await.unwrap();
    let page = world.store.members(world.source, group, 0, 2).await.unwrap();
    let shown: Vec<_> = page.iter().map(|row| (row.value.as_str(), row.kind.as_deref())).collect();
    assert_eq!(shown, [(cat.to_string().as_str(), Some("User")), (ann.to_string().as_str(), Some("User"))]);
    assert_eq!(page[0].display.as_deref(), Some("cat"));
    let rest = world.store.members(world.source, group, page[1].key, 2).await.unwrap();
    assert_eq!(rest.iter().map(|row| row.value.clone()).collect::<Vec<_>>(), values(&[bob]));
}

/// Direct groups come first, those above them after, each once.
pub async fn groups_are_direct_and_through_other_groups(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let top = world.group("top", &[]).await;
    let middle = world.group("middle", &[bob]).await;
    let low = world.group("low", &[ann]).await;
    assert_eq!(world.groups(ann).await, [(low, true)]);
    world.change(middle, add(&[low])).await.unwrap();
    world.change(top, add(&[middle])).await.unwrap();
    assert_eq!(world.groups(ann).await, [(low, true), (top, false), (middle, false)]);
    let both = world.store.groups(world.source, &[bob, world.id(), ann]).await.unwrap();
    assert_eq!(both.iter().map(Vec::len).collect::<Vec<_>>(), [2, 0, 3]);
    world.change(top, add(&[ann])).await.unwrap();
    assert_eq!(world.groups(ann).await, [(top, true), (low, true), (middle, false)]);
    let stamp = world.store.stamps().of(ann);
    world.change(middle, remove(&[low])).await.unwrap();
    assert_ne!(world.store.stamps().of(ann), stamp);
    assert_eq!(world.groups(ann).await, [(top, true), (low, true)]);
}

/// Groups may be in each other, and in themselves.
pub async fn a_cycle_of_groups_does_no_harm(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let one = world.group("one", &[ann]).await;
    let two = world.group("two", &[one]).await;
    world.change(one, add(&[two, one])).await.unwrap();
    assert_eq!(world.groups(ann).await, [(one, true), (two, false)]);
    let filter = format!("groups.value eq \"{two}\"");
    let page = world.list("User", Some(&filter), None, crate::query::Start::Offset(0), 10).await;
    assert_eq!(page.total, Some(1));
    world.delete("Group", two).await.unwrap();
    assert_eq!(world.groups(ann).await, [(one, true)]);
}

/// What is so already changes neither version nor sequence.
pub async fn adding_again_or_removing_the_absent_is_no_change(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let group = world.group("team", &[ann]).await;
    for change in [add(&[ann]), remove(&[bob]), vec![MemberChange::Replace(values(&[ann]))]] {
        let written = world.change(group, change).await.unwrap();
        assert!(!written.changed && written.version == 1 && written.sequence.is_none());
    }
    let back = [add(&[bob]), remove(&[bob])].concat();
    assert!(!world.change(group, back).await.unwrap().changed);
}

/// Replacing removes and adds the difference, and says so.
pub async fn replacing_writes_the_difference(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (ann, bob, cat) = (world.user("ann").await, world.user("bob").await, world.user("cat").await);
    let group = world.group("team", &[ann, bob]).await;
    let written = world.change(group, vec![MemberChange::Replace(values(&[cat, bob, cat]))]).await.unwrap();
    assert_eq!(world.members(group).await, values(&[bob, cat]));
    let changes = world.store.changes(world.tenant, written.sequence.unwrap() - 1, 1).await.unwrap();
    let detail: serde_json::Value = serde_json::from_str(&changes[0].detail).unwrap();
    let cat = cat.to_string();
    assert_eq!(detail, json!({"members": {"added": [cat], "removed": [ann.to_string()]}}));
    let emptied = world.change(group, vec![MemberChange::Replace(Vec::new())]).await.unwrap();
    assert!(emptied.changed && world.members(group).await.is_empty());
}

/// A filter over member objects selects what is removed.
pub async fn members_are_removed_by_a_filter(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (ann, bob, cat) = (world.user("ann").await, world.user("bob").await, world.user("cat").await);
    let inner = world.group("inner", &[]).await;
    let group = world.group("team", &[ann, inner, bob, cat]).await;
    let kind = world.kind("Group");
    let bind = |filter: &str| {
        let filter = rollcall_scim::filter::Filter::parse(filter).unwrap();
        vec![MemberChange::RemoveWhere(filter.bind_element(kind.attribute("members").unwrap()).unwrap())]
    };
    world.change(group, bind(&format!("value eq \"{ann}\""))).await.unwrap();
    assert_eq!(world.members(group).await, values(&[inner, bob, cat]));
    world.change(group, bind(&format!("type eq \"User\" and value ne \"{bob}\""))).await.unwrap();
    assert_eq!(world.members(group).await, values(&[inner, bob]));
    let everyone = MemberChange::RemoveWhere(rollcall_scim::filter::Bound::And(Vec::new()));
    world.change(group, vec![everyone]).await.unwrap();
    assert_eq!(world.members(group).await, [""; 0]);
}

/// A strict source refuses members that are not there, and changes nothing.
pub async fn unknown_members_are_refused(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (ann, nobody) = (world.user("ann").await, world.id());
    let group = world.group("team", &[]).await;
    for name in [nobody.to_string(), "ann".to_owned()] {
        let members = vec![ann.to_string(), name.clone()];
        let added = world.change(group, vec![MemberChange::Add(members.clone())]).await;
        assert_eq!(added, Err(StoreError::UnknownMember(name.clone())));
        let mut create = world.creation("Group", &json!({"displayName": "other"}), &[]);
        create.members = members;
        assert_eq!(world.write(Write::Create(create)).await, Err(StoreError::UnknownMember(name)));
    }
    assert!(world.members(group).await.is_empty());
    let page = world.list("Group", None, None, crate::query::Start::Offset(0), 10).await;
    assert_eq!(page.total, Some(1));
}

/// Kept names are listed, and become members when a resource of that id or `externalId` arrives.
pub async fn pending_members_become_real_when_they_arrive(backend: &dyn Backend) {
    let world = World::new(backend).await.pending();
    let ann = world.user("ann").await;
    let group = world.group("team", &[]).await;
    let mut create = world.creation("User", &json!({"userName": "by-id"}), &[]);
    let later = create.id;
    let names = vec![later.to_string(), "X1".to_owned(), ann.to_string(), "X1".to_owned()];
    world.change(group, vec![MemberChange::Add(names)]).await.unwrap();
    assert_eq!(world.members(group).await, [later.to_string(), "X1".to_owned(), ann.to_string()]);
    let rows = world.store.members(world.source, group, 0, 10).await.unwrap();
    assert_eq!(rows[1].kind, None);
    let before = world.get("Group", group).await.unwrap();
    world.write(Write::Create(create.clone())).await.unwrap();
    assert_eq!(world.groups(later).await, [(group, true)]);
    let after = world.get("Group", group).await.unwrap();
    assert_eq!((after.version, after.revision), (before.version + 1, before.revision));
    let bob = world.user("bob").await;
    world.replace("User", bob, 1, json!({"userName": "bob", "externalId": "X1"})).await.unwrap();
    assert_eq!(world.members(group).await, values(&[later, bob, ann]));
    // The same name again is the same member.
    let again = world.change(group, vec![MemberChange::Add(vec!["X1".to_owned()])]).await.unwrap();
    assert!(!again.changed);
    let elsewhere = world.beside("second").await;
    create.id = elsewhere.id();
    world.change(group, vec![MemberChange::Add(vec!["X2".to_owned()])]).await.unwrap();
    elsewhere.create("User", json!({"userName": "x", "externalId": "X2"})).await.unwrap();
    assert_eq!(world.members(group).await.last().unwrap(), "X2");
    let removed = world.change(group, vec![MemberChange::Remove(vec!["x2".to_owned()])]).await.unwrap();
    assert!(removed.changed && world.members(group).await.len() == 3);
}

/// Many look for users of two sources at the same moment, by id and by name, and each gets its own source's or nothing.
pub async fn lookups_at_the_same_moment_are_each_of_their_own_source(backend: &dyn Backend) {
    let here = World::new(backend).await;
    let there = here.beside("there").await;
    let mut expected = Vec::new();
    for number in 0..40 {
        let name = format!("user{number}");
        let mine = here.user(&name).await;
        let (theirs, group) = (there.user(&name).await, there.group(&name, &[]).await);
        there.change(group, add(&[theirs])).await.unwrap();
        expected.push((name, mine, theirs, group));
    }
    let tasks = expected.into_iter().map(|(name, mine, theirs, group)| {
        let (here, there) = (here.clone(), there.clone());
        tokio::spawn(async move {
            for _ in 0..5 {
                for (world, own, other, groups) in
                    [(&here, mine, theirs, &[][..]), (&there, theirs, mine, &[group][..])]
                {
                    let store = &world.store;
                    assert_eq!(store.get_with_groups(world.source, "User", other).await, Ok(None));
                    let by_id = store.get_with_groups(world.source, "User", own).await.unwrap().unwrap();
                    let by_name = store.find(world.source, "User", "userName", &name).await.unwrap().unwrap();
                    assert_eq!((by_id.0.id, &by_id), (own, &by_name));
                    let found: Vec<Uuid> = by_id.1.iter().map(|group| group.id).collect();
                    assert_eq!(found, groups);
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// What a replacement does not name leaves in its order, and nothing else: names that differ by case are two.
pub async fn a_replacement_takes_the_names_that_it_does_not_say(backend: &dyn Backend) {
    let world = World::new(backend).await.pending();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let all: Vec<String> = (0..40).map(|at| format!("{:x}-{at}", 7 * at)).collect();
    let group = world.group("team", &[]).await;
    world.change(group, vec![MemberChange::Add(names(&["X1", "x1", "y"]))]).await.unwrap();
    world.change(group, vec![MemberChange::Add(all.clone())]).await.unwrap();
    let written = world.change(group, vec![MemberChange::Replace(names(&["y", "X1"]))]).await.unwrap();
    assert_eq!(world.members(group).await, names(&["X1", "y"]));
    let changes = world.store.changes(world.tenant, written.sequence.unwrap() - 1, 10).await.unwrap();
    let expected = serde_json::to_string(&[names(&["x1"]), all].concat()).unwrap();
    assert!(changes[0].detail.contains(&format!("\"removed\":{expected}")), "{}", changes[0].detail);
    world.change(group, vec![MemberChange::Add(names(&["x1", "Y"]))]).await.unwrap();
    let written = world.change(group, vec![MemberChange::Remove(names(&["Y", "x1"]))]).await.unwrap();
    let changes = world.store.changes(world.tenant, written.sequence.unwrap() - 1, 10).await.unwrap();
    assert!(changes[0].detail.contains(r#""removed":["y","Y","X1","x1"]"#), "{}", changes[0].detail);
}

/// Within a unit members may name what comes later, even in a circle.
pub async fn members_may_be_created_by_the_same_unit(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let mut one = world.creation("Group", &json!({"displayName": "one"}), &[]);
    let mut two = world.creation("Group", &json!({"displayName": "two"}), &[]);
    let ann = world.creation("User", &json!({"userName": "ann"}), &[]);
    one.members = values(&[two.id, ann.id]);
    two.members = values(&[one.id]);
    let ids = [one.id, two.id, ann.id];
    let unit = Unit::from(vec![Write::Create(one), Write::Create(two), Write::Create(ann)]);
    let outcomes = world.store.write(world.batch(vec![unit])).await.unwrap();
    assert!(matches!(&outcomes[0], Outcome::Done(written) if written.len() == 3), "{outcomes:?}");
    assert_eq!(world.groups(ids[2]).await, [(ids[0], true), (ids[1], false)]);
}

/// A deleted user leaves its groups, whose versions advance; a deleted group lets its members go.
pub async fn a_deletion_ends_memberships_both_ways(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let group = world.group("team", &[ann, bob]).await;
    let stamp = world.store.stamps().of(group);
    let deleted = world.delete("User", ann).await.unwrap();
    assert_ne!(world.store.stamps().of(group), stamp);
    assert_eq!(world.members(group).await, values(&[bob]));
    let stored = world.get("Group", group).await.unwrap();
    assert_eq!((stored.version, stored.revision), (2, 1));
    let changes = world.store.changes(world.tenant, deleted.sequence.unwrap() - 1, 10).await.unwrap();
    assert_eq!(changes.len(), 1);
    let stamp = world.store.stamps().of(bob);
    world.delete("Group", group).await.unwrap();
    assert_ne!(world.store.stamps().of(bob), stamp);
    assert_eq!(world.groups(bob).await, []);
}

/// Members change the version, not the revision, so that they do not disturb writers of the body.
pub async fn a_membership_keeps_the_revision(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let group = world.group("team", &[]).await;
    assert_eq!(world.change(group, add(&[ann])).await.unwrap().version, 2);
    let written = world.replace("Group", group, 1, json!({"displayName": "crew"})).await.unwrap();
    assert_eq!(written.version, 3);
    let stored = world.get("Group", group).await.unwrap();
    assert_eq!((stored.version, stored.revision), (3, 2));
}

/// The name of a group is shown in its members' `groups`.
pub async fn a_renamed_group_is_seen_in_its_members_groups(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let ann = world.user("ann").await;
    let group = world.group("team", &[ann]).await;
    let stamp = world.store.stamps().of(ann);
    world.replace("Group", group, 1, json!({"displayName": "crew"})).await.unwrap();
    assert_ne!(world.store.stamps().of(ann), stamp);
    let groups = world.store.groups(world.source, &[ann]).await.unwrap();
    assert_eq!(groups[0][0].display.as_deref(), Some("crew"));
}

/// Who joins was there and no member; who leaves was one. All else is refused, and changes nothing.
pub async fn joining_and_leaving_are_refused_where_they_change_nothing(backend: &dyn Backend) {
    let world = World::new(backend).await;
    for world in [world.clone(), world.pending()] {
        let (ann, nobody) = (world.user(&world.id().to_string()).await, world.id());
        let group = world.group("team", &[]).await;
        let join = |id: Uuid| vec![MemberChange::Join(id)];
        let leave = |id: Uuid| vec![MemberChange::Leave(id)];
        assert_eq!(world.change(group, leave(ann)).await, Err(StoreError::NotFound));
        assert_eq!(
            world.change(group, join(nobody)).await,
            Err(StoreError::UnknownMember(nobody.to_string()))
        );
        assert_eq!(world.change(nobody, join(ann)).await, Err(StoreError::NotFound));
        assert_eq!(world.change(group, join(ann)).await.unwrap().version, 2);
        let taken = StoreError::Conflict { attribute: "member.value".to_owned(), id: None };
        assert_eq!(world.change(group, join(ann)).await, Err(taken));
        assert_eq!(world.groups(ann).await, [(group, true)]);
        assert_eq!(world.change(group, leave(ann)).await.unwrap().version, 3);
        assert_eq!(world.change(group, leave(nobody)).await, Err(StoreError::NotFound));
        assert_eq!(world.groups(ann).await, []);
        assert_eq!(world.get("Group", group).await.unwrap().version, 3);
    }
}

/// A group, a member, both or neither select memberships; pages follow each other, whatever comes and goes between.
pub async fn memberships_are_selected_and_paged(backend: &dyn Backend) {
    let world = World::new(backend).await.pending();
    let other = world.beside("other").await;
    let mut users = Vec::new();
    for name in ["ann", "bob", "cat", "dan", "eve"] {
        users.push(world.user(name).await);
    }
    let inner = world.group("inner", &users[..2]).await;
    world.group("empty", &[]).await;
    let team = world.group("team", &[users[4], inner, users[0], users[3]]).await;
    world.change(team, vec![MemberChange::Add(vec!["nobody".to_owned()])]).await.unwrap();
    let stranger = other.user("ann").await;
    let apart = other.group("apart", &[stranger]).await;
    let all = [
        (inner, users[0]),
        (inner, users[1]),
        (team, users[4]),
        (team, inner),
        (team, users[0]),
        (team, users[3]),
    ];
    let read = async |group, member, start, count| {
        let query = MembershipQuery { group, member, start, count, want_total: true };
        world.store.memberships(world.source, &query).await.unwrap()
    };
    for (group, member) in [
        (None, None),
        (Some(team), None),
        (None, Some(users[0])),
        (Some(team), Some(inner)),
        (Some(inner), Some(users[4])),
        (Some(users[0]), None),
        (None, Some(stranger)),
        (Some(apart), None),
        (Some(apart), Some(stranger)),
    ] {
        let fits = |(g, m): &&(Uuid, Uuid)| {
            group.is_none_or(|group| group == *g) && member.is_none_or(|member| member == *m)
        };
        let wanted: Vec<_> = all.iter().filter(fits).copied().collect();
        for count in [1, 2, 3, 100] {
            let (mut by_cursor, mut after) = (Vec::new(), None);
            loop {
                let page = read(group, member, Start::After(after), count).await;
                by_cursor.extend(ids(&page));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(by_cursor, wanted, "{group:?} {member:?} by {count}");
            for offset in 0..=wanted.len() + 1 {
                let page = read(group, member, Start::Offset(offset as u64), count).await;
                let expected: Vec<_> = wanted.iter().skip(offset).take(count as usize).copied().collect();
                assert_eq!((ids(&page), page.total), (expected, Some(wanted.len() as u64)));
            }
        }
    }
    assert_eq!(world.store.count_members(world.source, team).await.unwrap(), 5);
    assert_eq!(other.store.count_members(other.source, team).await.unwrap(), 0);
    // What was passed goes, its last group too: the walk goes on behind it.
    let first: Option<Place> = read(None, None, Start::After(None), 3).await.next;
    world.delete("Group", inner).await.unwrap();
    world.change(team, remove(&[users[4]])).await.unwrap();
    let rest = read(None, None, Start::After(first), 100).await;
    assert_eq!(ids(&rest), [(team, users[0]), (team, users[3])]);
}

fn ids(page: &MembershipPage) -> Vec<(Uuid, Uuid)> {
    page.memberships.iter().map(|found| (found.group.id, found.member.id)).collect()
}

/// A membership names both, with their types and names, and is gone with either.
pub async fn a_membership_is_found_by_both_its_ids(backend: &dyn Backend) {
    let world = World::new(backend).await;
    let other = world.beside("other").await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let group = world.group("team", &[ann, bob]).await;
    let find = async |world: &World, group, member| {
        world.store.membership(world.source, group, member).await.unwrap()
    };
    let found = find(&world, group, bob).await.unwrap();
    assert_eq!(
        (found.group.id, &*found.group.kind, found.group.display.as_deref()),
        (group, "Group", Some("team"))
    );
    assert_eq!(
        (found.member.id, &*found.member.kind, found.member.display.as_deref()),
        (bob, "User", Some("bob"))
    );
    for (world, group, member) in
        [(&other, group, bob), (&world, bob, group), (&world, group, group), (&world, world.id(), bob)]
    {
        assert_eq!(find(world, group, member).await, None);
    }
    world.delete("User", bob).await.unwrap();
    assert_eq!(find(&world, group, bob).await, None);
    world.delete("Group", group).await.unwrap();
    assert_eq!(find(&world, group, ann).await, None);
}
