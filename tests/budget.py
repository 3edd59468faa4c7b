"""What a run of the tests may cost in time, and which tests it begins last, or not at all, if it has a limit.

`make test` has none: it runs every test. `make test WITHIN=1500` begins a test of this table last, and only where it
ends before that many seconds are over, and says at its end which tests it did not begin. The table is dealt out to
twenty days: whatever the limit, each day runs its share as if it were not in the table.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property

# Most tests that take 12 s or more on two slow processors, four tests at a time, and how long (measured on 2026-11-30).
# One name stands for all cases that it begins, an empty one for the whole file. The runtimes' conformance is not among
# them, whatever it takes: no run leaves it out. Nor is the kill matrix that keeps its record in a file.
SECONDS = {
    "tests/deploys/test_notices.py": {
        "test_a_channel_that_is_down_is_reported_and_changes_no_exit_code": 16,
        "test_a_controller_that_is_killed_is_told_as_lost": 22,
        "test_a_run_by_fab_that_fails_is_told_and_says_so": 21,
    },
    "tests/lab/test_backup.py": {
        "test_a_deploy_that_asks_for_a_dump_does_not_migrate_without_one": 21,
        "test_a_dump_under_load_can_be_restored_and_one_that_is_stopped_leaves_nothing": 24,
    },
    "tests/lab/test_bad_releases.py": {
        "test_a_canary_that_fails_takes_its_share_of_requests_and_no_more": 16,
        "test_a_canary_that_is_well_gets_everything_in_the_end": 23,
        "test_a_release_that_fails_behind_the_edge_is_left_at_once": 21,
        "test_a_release_that_is_not_healthy_on_one_host_gets_no_traffic_anywhere": 20,
    },
    "tests/lab/test_certificates.py": {
        "test_certificates_are_deployed_and_renewed_on_two_edges_under_load": 45,
    },
    "tests/lab/test_change_control.py": {
        "test_a_journal_that_was_cut_is_found_out_by_the_hosts": 27,
        "test_a_normal_change_from_its_request_to_its_closing": 44,
        "test_an_emergency_goes_round_the_window_and_is_reviewed": 36,
    },
    "tests/lab/test_compose.py": {
        "test_system_of_docker_compose_1_29_goes_on_when_the_host_gets_docker_compose": 179,
    },
    "tests/lab/test_datastores.py": {
        "test_a_database_that_cannot_start_is_named_with_its_log_and_traffic_stays_held": 19,
        "test_startup_starts_a_database_that_died": 13,
    },
    "tests/lab/test_disk.py": {
        "test_what_is_named_is_freed_and_the_system_goes_on": 13,
    },
    "tests/lab/test_docker.py": {
        "test_daemon_that_is_down_is_refused_before_anything_is_touched_and_startup_mends_it": 13,
        "test_disk_that_is_full_while_an_image_is_made_is_named_and_nothing_served_changes": 30,
        "test_image_from_a_tarball_is_loaded_and_a_disk_that_is_full_meanwhile_is_named": 85,
        "test_warm_rollback_works_when_somebody_removed_the_image": 56,
        "test_what_a_container_printed_is_read_after_another_has_taken_its_name": 63,
    },
    "tests/lab/test_hostile_words.py": {
        "test_secrets_are_seen_nowhere": 24,
    },
    "tests/lab/test_lab.py": {
        "test_a_container_is_back_after_a_reboot_of_its_host": 16,
        "test_the_datastores_of_a_compose_file_take_their_passwords_and_stop_at_once": 19,
    },
    "tests/lab/test_look.py": {
        "test_fab_deploys_and_rolls_back_with_the_exit_codes_of_the_project": 27,
        "test_history_tells_who_did_what_when_and_how_it_ended": 16,
        "test_migration_of_a_release_is_applied_once_by_its_deploy": 28,
        "test_rollback_goes_to_a_named_release_that_is_no_longer_warm": 48,
        "test_verify_says_that_the_system_is_as_described_and_finds_what_is_not": 25,
    },
    "tests/lab/test_lost_controllers.py": {
        "test_a_controller_that_slept_through_its_lease_changes_nothing_when_it_wakes": 39,
        "test_a_fleet_whose_controller_died_serves_the_old_release_by_itself": 49,
        "test_ctrl_c_goes_back_and_releases_the_lease_at_once": 45,
        "test_of_two_deploys_at_once_one_wins_and_the_other_learns_who_did": 31,
    },
    "tests/lab/test_lost_hosts.py": {
        "test_a_cutover_survives_a_restart_of_nginx": 21,
        "test_a_host_that_dies_while_it_starts_the_release_is_named_and_the_old_one_keeps_serving": 14,
        "test_an_edge_that_reboots_before_the_confirmation_is_back_on_the_old_release": 39,
        "test_what_was_live_before_a_reboot_is_live_after_it": 25,
    },
    "tests/lab/test_maintenance.py": {
        "test_a_window_whose_worker_and_deploy_are_killed_goes_on_and_does_nothing_twice": 103,
        "test_the_shipped_window_goes_from_its_announcement_to_its_end": 112,
    },
    "tests/lab/test_pm2.py": {
        "test_daemon_that_is_killed_comes_back_with_what_was_live": 14,
    },
    "tests/lab/test_rehearse.py": {
        "test_a_rehearsal_drops_nothing_and_the_rollback_afterwards_works": 50,
        "test_a_rehearsal_whose_controller_died_moves_nothing_and_can_be_run_again": 39,
        "test_a_slot_with_an_unconfirmed_cutover_is_not_emptied_for_a_rehearsal": 47,
        "test_an_earlier_release_can_be_rehearsed_by_its_name": 26,
    },
    "tests/lab/test_schedule.py": {
        "test_every_task_of_the_guides_tables_is_done_and_its_result_is_kept": 94,
        "test_what_is_due_is_checked_on_the_hosts_and_recorded": 14,
    },
    "tests/lab/test_story.py": {
        "test_a_system_is_born_grows_goes_back_and_shuts_down": 85,
        "test_shutdown_holds_traffic_and_leaves_the_database_running": 13,
        "test_shutdown_stops_the_database_when_asked_and_startup_brings_all_of_it_back": 21,
    },
    "tests/lab/test_tutorial_maintenance.py": {
        "test_the_tutorial_shows_what_happens_when_it_is_followed": 209,
    },
    "tests/lab/test_two_edges.py": {
        "test_an_edge_that_heard_no_confirmation_asks_the_first_one": 38,
        "test_both_edges_go_back_when_nobody_confirmed": 27,
        "test_both_edges_move_together": 42,
    },
    "tests/lab/test_two_systems.py": {
        "test_systems_on_one_host_do_not_touch_each_other": 63,
    },
    "tests/lab/test_updates.py": {
        "test_a_host_reboots_where_its_update_asks_for_it_and_the_run_goes_on": 28,
        "test_a_host_that_is_not_well_stays_out_until_it_is": 24,
        "test_an_update_that_fails_stops_at_that_host": 27,
        "test_hosts_are_updated_one_after_the_other_without_a_failed_request": 47,
    },
    "tests/unit/backup/test_take.py": {
        "test_what_a_killed_dump_left_is_gone_after_the_next_one": 20,
    },
    "tests/unit/ecs/test_deploys.py": {
        "test_a_canary_has_its_share_and_goes_back_when_it_fails": 20,
        "test_a_release_that_does_not_start_gets_no_traffic_and_the_reason_is_told": 30,
        "test_a_release_that_fails_behind_the_load_balancer_is_left_at_once": 14,
        "test_traffic_is_held_and_let_in": 12,
    },
    "tests/unit/ecs/test_promote.py": {
        "test_the_replica_becomes_the_database_and_nothing_is_told_of_the_old_one": 18,
        "test_what_fails_goes_back_and_a_run_goes_on_where_one_that_was_killed_ended": 37,
    },
    "tests/unit/infra/test_cycle.py": {
        "": 60,
    },
    "tests/unit/infra/test_modules.py": {
        "test_what_the_yaml_says_of_an_environment_fits_all_modules": 19,
    },
    "tests/unit/journal/test_store.py": {
        "test_a_killed_writer_leaves_what_it_was_told_is_written_and_nothing_by_halves": 19,
        "test_writers_at_the_same_time_make_no_gap_and_no_fork": 47,
    },
    "tests/unit/journal/test_task_runs.py": {
        "test_processes_at_the_same_time_run_every_occasion_once": 181,
    },
    "tests/unit/maintenance/test_clock_changes.py": {
        "test_a_window_that_was_killed_before_clocks_are_changed_goes_on_by_real_time": 81,
    },
    "tests/unit/maintenance/test_kill_matrix.py": {
        "test_a_window_survives_a_kill_in_each_of_its_steps[everything-postgresql]": 125,
        "test_a_window_survives_a_kill_in_each_of_its_steps[the worker": 94,
    },
    "tests/unit/maintenance/test_windows.py": {
        "test_a_database_that_is_away_for_ten_seconds_costs_nothing": 28,
        "test_a_dead_workers_window_is_taken_over_by_another_that_lives": 20,
        "test_a_step_back_that_failed_is_tried_again_when_the_window_is_resumed": 25,
        "test_a_task_that_fails_is_undone_with_all_before_it": 15,
        "test_a_task_that_hangs_is_ended_after_its_time": 21,
        "test_a_window_goes_on_when_the_worker_of_another_one_in_its_folder_ends": 14,
        "test_a_window_is_run_from_start_to_end_by_a_worker": 30,
        "test_a_window_of_another_engine_is_told_of_and_goes_on_when_resumed": 17,
        "test_a_window_that_is_not_healthy_keeps_its_page_and_can_be_resumed": 45,
        "test_a_window_whose_workflow_broke_is_taken_up_again": 30,
        "test_an_abort_interrupts_what_is_under_way": 25,
        "test_what_was_broken_off_and_is_out_of_time_is_undone_and_traffic_is_let_in": 41,
    },
    "tests/unit/tls/test_renew.py": {
        "test_a_real_certificate_is_issued_through_the_edges_and_served_by_both": 17,
    },
}
REASON = "no time was left for it"


DAYS = 20


def entry_of(nodeid: str) -> tuple[str, str] | None:
    """Give the entry of the table that a test belongs to: its file, what its name begins with; None for any other."""
    path, _, case = nodeid.partition("::")
    return next(((path, name) for name in SECONDS.get(path, {}) if case.startswith(name)), None)


def seconds_of(nodeid: str) -> int:
    """Give how long a test of the table takes; 0 for any other."""
    entry = entry_of(nodeid)
    return SECONDS[entry[0]][entry[1]] if entry else 0


def shares() -> list[set[tuple[str, str]]]:
    """Deal the table out to days, the longest first, to the day that has the least."""
    entries = [((path, name), seconds) for path, names in SECONDS.items() for name, seconds in names.items()]
    days: list[set[tuple[str, str]]] = [set() for _ in range(DAYS)]
    full = [0] * DAYS
    for entry, seconds in sorted(entries, key=lambda each: -each[1]):
        day = full.index(min(full))
        days[day].add(entry)
        full[day] += seconds
    return days


@dataclass(frozen=True)
class Limit:
    """When a run has to be over (seconds since 1970), and which day it is (its number, the same for all processes)."""

    until: float
    today: int

    @cached_property
    def due(self) -> set[tuple[str, str]]:
        """The day's share."""
        return shares()[self.today % DAYS]

    def may_wait(self, nodeid: str) -> bool:
        """Tell whether a test comes last, and may be left out."""
        entry = entry_of(nodeid)
        return entry is not None and entry not in self.due

    def fits(self, nodeid: str) -> bool:
        """Tell whether a test may begin now."""
        return not self.may_wait(nodeid) or time.time() + seconds_of(nodeid) <= self.until
