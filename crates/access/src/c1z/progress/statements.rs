//! The tables of a sync under way, and their statements.

/// `place` is the order within the user or group. A member's `kind`: 0 not known, 1 user, 2 group.
pub(super) const SCHEMA: &str = "
create table step (name text primary key, value text not null) without rowid;
create table user (seq integer primary key, id text not null unique, data blob not null);
create table grp (seq integer primary key, id text not null unique, name text not null, data blob not null);
create index grp_name on grp (name);
create table role (seq integer primary key, value text not null unique, display text not null, id text unique);
create table holder (user integer not null, place integer not null, role integer not null,
    primary key (user, place)) without rowid;
create table member (grp integer not null, place integer not null, kind integer not null, id text not null,
    primary key (grp, place)) without rowid;
create table link (user integer not null, place integer not null, id text, name text not null,
    primary key (user, place)) without rowid;
create table absent (id text primary key) without rowid;
create table nameless (name text primary key, id text) without rowid;
create table problem (what text not null, id text not null, reason text not null,
    primary key (what, id, reason)) without rowid;
";

pub(super) const GET_STEP: &str = "select value from step where name = ?";
pub(super) const SET_STEP: &str =
    "insert into step (name, value) values (?, ?) on conflict (name) do update set value = excluded.value";

pub(super) const PUT_USER: &str = "insert into user (id, data) values (?, ?) \
     on conflict (id) do update set data = excluded.data returning seq";
pub(super) const PUT_GROUP: &str = "insert into grp (id, name, data) values (?, ?, ?) \
     on conflict (id) do update set name = excluded.name, data = excluded.data returning seq";
/// The first name to show that is not empty stays.
pub(super) const PUT_ROLE: &str = "insert into role (value, display) values (?, ?) on conflict (value) \
     do update set display = case display when '' then excluded.display else display end returning seq";
pub(super) const NEWEST_USER: &str = "select coalesce(max(seq), 0) from user";
pub(super) const NEWEST_GROUP: &str = "select coalesce(max(seq), 0) from grp";
pub(super) const CLEAR_HOLDER: &str = "delete from holder where user = ?";
pub(super) const CLEAR_LINK: &str = "delete from link where user = ?";
pub(super) const CLEAR_MEMBER: &str = "delete from member where grp = ?";
pub(super) const ADD_HOLDER: &str = "insert into holder (user, place, role) values (?, ?, ?)";
pub(super) const ADD_LINK: &str = "insert into link (user, place, id, name) values (?, ?, ?, ?)";
pub(super) const ADD_MEMBER: &str = "insert into member (grp, place, kind, id) values (?, ?, ?, ?)";
pub(super) const ADD_PROBLEM: &str = "insert or ignore into problem (what, id, reason) values (?, ?, ?)";
pub(super) const ADD_ABSENT: &str = "insert or ignore into absent (id) values (?)";
pub(super) const ADD_NAMELESS: &str = "insert or replace into nameless (name, id) values (?, ?)";

/// Members and groups that users name, which neither listing had.
pub(super) const UNRESOLVED: &str = "select member.id, member.kind, grp.id from member \
     join grp on grp.seq = member.grp \
     where not exists (select 1 from user where user.id = member.id) \
     and not exists (select 1 from grp as known where known.id = member.id) \
     and not exists (select 1 from absent where absent.id = member.id) \
     order by member.grp, member.place limit 256";
pub(super) const UNRESOLVED_LINK_ID: &str = "select meant.id, 2, meant.user from \
     (select coalesce(link.id, nameless.id) as id, user.id as user, link.user as seq, link.place as place \
     from link join user on user.seq = link.user left join nameless on nameless.name = link.name) as meant \
     where meant.id is not null and not exists (select 1 from grp where grp.id = meant.id) \
     and not exists (select 1 from absent where absent.id = meant.id) \
     order by meant.seq, meant.place limit 256";
pub(super) const UNRESOLVED_LINK_NAME: &str = "select link.name, user.id from link \
     join user on user.seq = link.user \
     where link.id is null and not exists (select 1 from nameless where nameless.name = link.name) \
     order by link.user, link.place limit 1";
pub(super) const GROUPS_NAMED: &str = "select id from grp where name = ? order by seq limit 2";

pub(super) const USERS: &str = "select id, data from user order by seq";
pub(super) const GROUPS: &str = "select id, data from grp order by seq";
pub(super) const ROLES: &str = "select id, value, display from role order by seq";
pub(super) const MEMBERS: &str = "select grp.id, grp.name, member.id, member.kind, \
     exists (select 1 from user where user.id = member.id), \
     exists (select 1 from grp as known where known.id = member.id) \
     from member join grp on grp.seq = member.grp order by member.grp, member.place";
pub(super) const LINKS: &str = "select grp.id, grp.name, user.id from link \
     join user on user.seq = link.user \
     join grp on grp.id = coalesce(link.id, (select nameless.id from nameless where nameless.name = link.name)) \
     order by link.user, link.place";
pub(super) const HOLDERS: &str = "select role.id, role.value, role.display, user.id from holder \
     join user on user.seq = holder.user join role on role.seq = holder.role \
     order by holder.user, holder.place";
pub(super) const PROBLEMS: &str = "select what, id, reason from problem order by what, id, reason";

pub(super) const FORGET_ROLE_IDS: &str = "update role set id = null where id is not null";
pub(super) const ROLES_AFTER: &str =
    "select seq, value, display from role where value > ? order by value limit 500";
pub(super) const NAME_ROLE: &str = "update or ignore role set id = ? where seq = ?";
