# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the table that need a real engine, or are about one worker alone: each is a test.

What broke is seen where the third column says; the test fails if it is not.  As a program it prints
the tests' names, for pytest.
"""

# (fault, test, where it is seen that it took effect)
ELSEWHERE = [
    ("engine restarted, live-restore",
     "test_engine.py::test_an_engine_restarted_under_running_containers",
     "another dockerd, the containers' ids and start times the same"),
    ("engine restarted with its containers",
     "test_engine.py::test_an_engine_restarted_with_its_containers",
     "another dockerd, the containers' start times others"),
    ("proxy cuts idle streams", "test_engine.py::test_a_proxy_that_cuts_idle_streams",
     "HAProxy's log: cD or sD"),
    ("proxy of the tunnel restarted", "test_tunnel.py::test_an_engine_that_goes_and_comes",
     "its process is another one"),
    ("a burst on the real engine", "test_docker.py::test_a_burst_ends_in_what_is_there",
     "docker ps"),
    ("containers restart, are renamed, paused",
     "test_docker.py::test_names_states_and_labels_follow", "docker inspect"),
    ("a restart is no stop", "test_docker.py::test_a_restart_is_no_stop", "docker inspect"),
    ("restart loop", "test_docker.py::test_what_a_policy_brings_back_is_no_stop_and_an_end_is_one",
     "docker inspect: RestartCount"),
    ("10,000 containers", "test_docker.py::test_ten_thousand_containers",
     "the list that was answered"),
    ("cloudflared in a crash loop, or ends with 255 for its token",
     "test_tunnel.py::test_a_crash_loop_is_an_error_with_its_reason", "docker inspect: ExitCode"),
    ("cloudflared ends in order", "test_tunnel.py::"
     "test_a_container_that_ends_in_order_is_started_again_and_backed_off", "Docker's events"),
    ("cloudflared runs, /ready 503",
     "test_tunnel.py::test_a_tunnel_that_gets_no_connection_is_starting_then_an_error",
     "its own /ready"),
    ("cloudflared's process killed", "test_tunnel.py::test_a_process_that_dies_is_restarted_by_docker",
     "docker inspect: Pid"),
    ("tunnel's container removed, renamed, stopped, paused",
     "test_tunnel.py::test_what_somebody_does_is_mended_at_once", "Docker's events"),
    ("removed while Docker can't be watched",
     "test_tunnel.py::test_a_removal_without_a_hint_is_found_at_the_next_look", "Docker's events"),
    ("re-created by somebody else", "test_tunnel.py::test_a_container_with_another_token_is_replaced",
     "docker inspect: Id"),
    ("name taken by a foreign container",
     "test_tunnel.py::test_a_foreign_container_is_never_touched", "docker inspect: the same all along"),
    ("image missing, registry down", "test_tunnel.py::test_a_refused_pull_says_so_and_backs_off",
     "the pulls that the engine was asked for"),
    ("image missing, the tunnel runs",
     "test_tunnel.py::test_a_missing_image_takes_no_running_tunnel_down", "docker inspect: Id"),
    ("network missing", "test_tunnel.py::test_a_missing_network_is_named_and_waited_for",
     "docker network inspect"),
    ("starts refused by an engine that ends",
     "test_tunnel.py::test_only_what_is_never_started_is_made_anew", "the answers given"),
    ("unreadable state file", "test_tunnel.py::test_a_state_file_that_cannot_be_read_is_kept_aside",
     "NAME.corrupt holds the old text; docker inspect: Id"),
    ("state can't be saved", "test_tunnel.py::test_a_failed_save_is_carried_out_from_memory",
     "the folder's mode"),
    ("each worker killed, tunnel and services real",
     "test_restarts.py::test_each_worker_killed_in_turn", "their pids; docker inspect"),
    ("workers killed at random", "test_restarts.py::test_random_kills_lose_nothing", "their pids"),
    ("keeper killed while it restarts the tunnel",
     "test_tunnel.py::test_a_restart_is_carried_out_once_although_the_keeper_dies",
     "its pid; Docker's events"),
    ("two agents on one data folder", "test_lock.py", "flock(2) by the test itself"),
]

if __name__ == "__main__":
    for _, test, _ in ELSEWHERE:
        print("tests/integration/" + test)
