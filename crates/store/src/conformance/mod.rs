//! The contract as tests: every backend runs them all with [`store_conformance!`](crate::store_conformance).
//!
//! Each function is one sentence of the contract, and panics where the backend breaks it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test suite"
)]

pub mod accepted;
pub mod accounts;
pub mod administration;
pub mod changes;
pub mod delivery;
pub mod directory;
pub mod history;
pub mod listing;
pub mod membership;
pub mod people;
pub mod request_log;
pub mod sharing;
pub mod transfer;
pub mod world;
pub mod writing;

/// One `#[tokio::test]` for each sentence of the contract. Takes an expression that makes a fresh
/// [`world::Backend`]; after `shared:` one that several nodes can open at once.
#[macro_export]
macro_rules! store_conformance {
    (shared: $backend:expr) => {
        $crate::store_conformance!($backend);
        $crate::store_conformance! { @each $backend,
            sharing: [
                a_lease_is_one_nodes_until_it_runs_out,
                work_is_shared_out,
                work_that_is_given_back_is_free,
                a_lease_that_is_begun_anew_ends_what_was_begun_before,
                a_lease_is_given_once,
                what_lost_its_lease_is_refused,
                tokens_are_counted_together,
                a_committed_write_is_read_by_every_node,
                nodes_change_one_group_and_lose_nothing,
                settings_reach_every_node_within_a_second,
            ],
        }
    };
    ($backend:expr) => {
        $crate::store_conformance! { @each $backend,
            accepted: [
                what_is_accepted_waits_until_it_is_complete,
                a_deleted_source_takes_what_it_accepted,
            ],
            accounts: [
                an_account_comes_back_as_written,
                a_change_of_an_account_names_what_it_read,
                a_link_is_used_once,
                sessions_are_found_by_prefix_and_end,
                a_change_of_an_account_ends_its_sessions,
                a_person_of_a_provider_has_one_account,
                links_are_listed_for_their_purpose,
                attempts_are_counted_within_a_window,
                what_is_over_is_pruned,
            ],
            administration: [
                api_tokens_come_back_by_age_within_their_tenant,
                a_change_of_settings_has_its_entry,
                what_fails_has_no_entry,
                entries_are_found_by_what_they_are_about,
            ],
            directory: [
                the_default_tenant_is_there,
                names_and_slugs_are_taken_once,
                a_source_comes_back_as_written,
                settings_take_the_place_of_those_that_were_read,
                a_deleted_source_takes_all_but_its_changes,
                credentials_come_back_oldest_first,
                a_rotation_is_all_or_nothing,
                directory_commits_end_every_stamp,
            ],
            changes: [
                pruning_takes_the_oldest_and_never_the_newest,
                a_commit_is_told_to_those_who_wait,
            ],
            history: [
                the_history_of_a_resource_is_its_changes,
                a_history_ends_at_the_tenant_and_at_what_is_kept,
                sizes_are_noted_and_forgotten,
            ],
            delivery: [
                an_endpoint_comes_back_as_written,
                a_checkpoint_moves_the_cursor_and_what_is_apart,
                a_checkpoint_moves_the_cursor_forth_only,
                a_checkpoint_of_an_old_generation_is_void,
                parked_deliveries_are_released_and_discarded,
                seeking_forgets_what_is_apart,
                the_log_keeps_the_latest_attempts,
                a_deleted_endpoint_leaves_nothing,
                a_signing_key_follows_the_newest,
                resealing_begins_no_generation,
            ],
            request_log: [
                a_logged_request_comes_back_as_written,
                requests_are_found_by_subject_status_method_and_time,
                the_log_is_bounded_by_age_and_size,
                a_deleted_source_takes_its_request_log,
                logging_ends_no_stamp,
            ],
            writing: [
                a_created_resource_is_read_back,
                another_sources_ids_are_invisible,
                unique_values_are_taken_once_per_source_and_type,
                a_refused_write_takes_no_value,
                a_unique_value_is_free_after_an_update_or_a_deletion,
                an_update_that_changes_nothing_is_no_change,
                a_stale_revision_is_refused,
                if_match_names_the_current_version,
                a_failed_unit_leaves_nothing,
                units_after_too_many_failures_are_skipped,
                what_is_not_there_is_not_found,
                the_sequence_has_no_gaps_under_concurrent_writes,
                creations_at_the_same_moment_are_each_as_if_alone,
                a_failed_write_takes_no_sequence_number,
                a_deletion_leaves_a_tombstone,
                committed_writes_survive_a_reopening,
                a_write_ends_the_stamp_of_its_resource,
                an_update_of_the_same_index_keeps_its_rows,
                reindexing_refuses_values_that_must_be_unique,
                a_write_of_an_old_generation_of_settings_is_void,
            ],
            membership: [
                concurrent_additions_and_removals_lose_nothing,
                a_unique_value_finds_its_resource_with_its_groups,
                lookups_at_the_same_moment_are_each_of_their_own_source,
                members_are_listed_in_order_of_addition,
                groups_are_direct_and_through_other_groups,
                a_cycle_of_groups_does_no_harm,
                adding_again_or_removing_the_absent_is_no_change,
                replacing_writes_the_difference,
                members_are_removed_by_a_filter,
                unknown_members_are_refused,
                pending_members_become_real_when_they_arrive,
                a_replacement_takes_the_names_that_it_does_not_say,
                members_may_be_created_by_the_same_unit,
                a_deletion_ends_memberships_both_ways,
                a_membership_keeps_the_revision,
                a_renamed_group_is_seen_in_its_members_groups,
                joining_and_leaving_are_refused_where_they_change_nothing,
                memberships_are_selected_and_paged,
                a_membership_is_found_by_both_its_ids,
            ],
            people: [
                a_tenants_policy_comes_back_as_written,
                an_identity_is_written_with_its_user,
                without_rules_there_are_no_identities,
                concurrent_pushes_of_one_person_make_one_identity,
                a_decision_over_an_older_body_is_stale,
                a_refused_person_leaves_nothing_of_the_unit,
                members_of_a_known_group_have_its_roles,
                a_group_that_policy_does_not_know_is_nothing_to_people,
                concurrent_changes_of_groups_leave_the_roles_of_the_members,
                a_rehire_is_recognised_by_what_is_left,
                who_waits_is_decided_by_someone,
                a_mass_of_leavers_is_held_until_someone_says,
                identities_are_deleted_when_their_time_has_come,
                an_identity_is_changed_by_its_revision,
                foreseeing_writes_nothing,
                a_recomputation_goes_on_after_a_reopening,
            ],
            transfer: [
                an_export_is_of_one_moment,
                a_resource_is_exported_with_its_index,
                an_import_needs_a_new_database,
            ],
            listing: [
                planned_filters_select_what_evaluation_selects,
                a_page_of_a_filter_that_no_index_answers_is_full,
                offsets_and_totals_agree,
                positions_continue_a_listing,
                a_walk_under_concurrent_writes_sees_all_that_stays,
                sorting_puts_missing_values_last_and_first_when_descending,
                a_sorted_listing_continues_after_its_position,
            ],
        }
    };
    (@each $backend:expr, $($module:ident: [$($name:ident),* $(,)?]),* $(,)?) => {
        $(mod $module {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $name() {
                    $crate::conformance::$module::$name(&$backend).await;
                }
            )*
        })*
    };
}
